#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>

void qn_api_problem_set(struct qn_api_problem *problem, unsigned status, const char *code,
                        const char *format, ...)
{
    problem->status = status;
    problem->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, arguments);
    va_end(arguments);
}
