/* Functions from other threads to the loop's thread. */
#include "net/runtime_internal.h"

#include <stdlib.h>

static bool append(struct qn_runtime *runtime, struct qn_post *post)
{
    if (runtime->posts_closed || runtime->post_count == QN_POSTS_MAX) {
        return false;
    }
    if (runtime->posts_last == NULL) {
        runtime->posts_first = post;
    } else {
        runtime->posts_last->next = post;
    }
    runtime->posts_last = post;
    runtime->post_count += 1;
    /* Within the lock: once the posts are closed, nobody touches the handle any more. */
    (void)uv_async_send(&runtime->wake);
    return true;
}

bool qn_runtime_post(struct qn_runtime *runtime, void (*fn)(void *context), void *context)
{
    struct qn_post *post = calloc(1, sizeof *post);

    QN_ASSERT(post != NULL);
    post->fn = fn;
    post->context = context;
    (void)pthread_mutex_lock(&runtime->post_mutex);
    bool is_appended = append(runtime, post);
    (void)pthread_mutex_unlock(&runtime->post_mutex);
    if (!is_appended) {
        free(post);
    }
    return is_appended;
}

void qn_runtime_run_posts(struct qn_runtime *runtime)
{
    (void)pthread_mutex_lock(&runtime->post_mutex);
    struct qn_post *post = runtime->posts_first;
    runtime->posts_first = NULL;
    runtime->posts_last = NULL;
    runtime->post_count = 0;
    (void)pthread_mutex_unlock(&runtime->post_mutex);
    while (post != NULL) { /* at most QN_POSTS_MAX */
        struct qn_post *next = post->next;
        post->fn(post->context);
        free(post);
        post = next;
    }
}

void qn_runtime_close_posts(struct qn_runtime *runtime)
{
    (void)pthread_mutex_lock(&runtime->post_mutex);
    runtime->posts_closed = true;
    (void)pthread_mutex_unlock(&runtime->post_mutex);
    qn_runtime_run_posts(runtime);
}
