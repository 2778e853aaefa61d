"""The part of CDDL (RFC 8610) that docs/protocol.cddl uses: a parser, and a validator over values that
cbor2 decoded.

Supported: rules with generic parameters; types in choice; integers, texts and ranges; maps, arrays,
groups, group choices, group enumerations (&); occurrences ?, *, + and n*m; member keys `1:`, `name:` and
`type =>`; the controls .size, .cbor, .regexp and .and; the prelude's uint, nint, int, bstr, bytes, tstr,
text, bool. Anything else is an error when the file is read, never silently accepted.
"""

import re

import cbor2

TOKEN = re.compile(
    r"""(?P<space>\s+|;[^\n]*)
      | (?P<text>"[^"]*")
      | (?P<range>\.\.)
      | (?P<control>\.[a-z]+)
      | (?P<occurrence>\d+\*\d+|\d+\*|\*\d+|\?|\*|\+)
      | (?P<number>-?\d+)
      | (?P<arrow>=>)
      | (?P<choice>//)
      | (?P<name>[A-Za-z_$@][A-Za-z0-9_$@-]*)
      | (?P<sign>[=/:,(){}\[\]<>&])
    """,
    re.VERBOSE,
)


class CddlError(Exception):
    """The CDDL text itself is wrong, or beyond the subset."""


def tokenize(text):
    tokens = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise CddlError(f"line {line}: cannot read {text[at:at + 20]!r}")
        if match.lastgroup != "space":
            tokens.append((match.lastgroup, match.group(), text.count("\n", 0, at) + 1))
        at = match.end()
    return tokens


# A type is a tuple whose first member says what it is:
#   ("value", v)  ("range", low, high)  ("name", rule, [argument types])  ("choice", [types])
#   ("map", group)  ("array", group)  ("enum", group)  ("control", operator, type, type)
# A group is ("group", [choices]); a choice is a list of entries:
#   ("member", low, high, key, type)   key: None, ("value", v) or a type
#   ("inline", low, high, group)       a parenthesised group
# An entry without key whose type is the name of a group rule stands for that group's entries.


class Parser:
    def __init__(self, text):
        self.tokens = tokenize(text)
        self.at = 0

    def peek(self, ahead=0):
        index = self.at + ahead
        return self.tokens[index][:2] if index < len(self.tokens) else ("end", "")

    def fail(self, wanted):
        line = self.tokens[self.at][2] if self.at < len(self.tokens) else "end"
        raise CddlError(f"line {line}: {wanted} wanted, {self.peek()[1]!r} found")

    def accept(self, value):
        if self.peek() in (("sign", value), ("arrow", value), ("choice", value), ("range", value)):
            self.at += 1
            return True
        return False

    def expect(self, value):
        if not self.accept(value):
            self.fail(repr(value))

    def take(self, kind):
        if self.peek()[0] != kind:
            self.fail(kind)
        self.at += 1
        return self.tokens[self.at - 1][1]

    def rules(self):
        found = {}
        while self.peek()[0] != "end":
            name = self.take("name")
            parameters = []
            if self.accept("<"):
                parameters.append(self.take("name"))
                while self.accept(","):
                    parameters.append(self.take("name"))
                self.expect(">")
            self.expect("=")
            if name in found:
                raise CddlError(f"{name} is defined twice")
            found[name] = (parameters, self.rule_body())
        return found

    def rule_body(self):
        """A parenthesis at the start of a rule is a group, unless a control or choice follows it."""
        start = self.at
        if self.accept("("):
            group = self.group(")")
            if self.peek()[0] not in ("control", "range") and self.peek() != ("sign", "/"):
                return group
            self.at = start
        return self.type()

    def type(self):
        types = [self.controlled()]
        while self.accept("/"):
            types.append(self.controlled())
        return types[0] if len(types) == 1 else ("choice", types)

    def controlled(self):
        target = self.primary()
        if self.accept(".."):
            high = self.primary()
            if target[0] != "value" or high[0] != "value":
                self.fail("a range of two values")
            target = ("range", target[1], high[1])
        if self.peek()[0] == "control":
            operator = self.take("control")
            if operator not in (".size", ".cbor", ".regexp", ".and"):
                raise CddlError(f"control {operator} is not supported")
            return ("control", operator, target, self.primary())
        return target

    def primary(self):
        kind, text = self.peek()
        if kind == "number":
            self.at += 1
            return ("value", int(text))
        if kind == "text":
            self.at += 1
            return ("value", text[1:-1])
        if kind == "name":
            return self.reference()
        if self.accept("("):
            inner = self.type()
            self.expect(")")
            return inner
        if self.accept("{"):
            return ("map", self.group("}"))
        if self.accept("["):
            return ("array", self.group("]"))
        if self.accept("&"):
            self.expect("(")
            return ("enum", self.group(")"))
        return self.fail("a type")

    def reference(self):
        name = self.take("name")
        arguments = []
        if self.accept("<"):
            arguments.append(self.type())
            while self.accept(","):
                arguments.append(self.type())
            self.expect(">")
        return ("name", name, arguments)

    def group(self, end):
        choices = [[]]
        while not self.accept(end):
            if self.accept("//"):
                choices.append([])
                continue
            choices[-1].append(self.entry())
            self.accept(",")
        return ("group", choices)

    def occurrence(self):
        if self.peek()[0] != "occurrence":
            return 1, 1
        text = self.take("occurrence")
        if text in ("?", "*", "+"):
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[text]
        low, high = text.split("*")
        return int(low or 0), int(high) if high else None

    def entry(self):
        low, high = self.occurrence()
        kind, text = self.peek()
        if kind in ("name", "number", "text") and self.peek(1) == ("sign", ":"):
            self.at += 2
            key = int(text) if kind == "number" else text.strip('"')
            return ("member", low, high, ("value", key), self.type())
        member = self.type()
        if self.accept("=>"):
            return ("member", low, high, member, self.type())
        return ("member", low, high, None, member)


PRELUDE = {
    "uint": lambda v: is_int(v) and v >= 0,
    "nint": lambda v: is_int(v) and v < 0,
    "int": lambda v: is_int(v),
    "bstr": lambda v: isinstance(v, bytes),
    "bytes": lambda v: isinstance(v, bytes),
    "tstr": lambda v: isinstance(v, str),
    "text": lambda v: isinstance(v, str),
    "bool": lambda v: isinstance(v, bool),
}


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def decode(data):
    """The one item in data, or None: what cbor2 cannot decode, or what has bytes behind it."""
    from io import BytesIO

    stream = BytesIO(data)
    try:
        value = cbor2.CBORDecoder(stream).decode()
    except Exception:  # cbor2 raises whatever its parts raise
        return None
    return value if stream.tell() == len(data) else None


class Schema:
    def __init__(self, text):
        self.rules = Parser(text).rules()
        self.check_references()

    def check_references(self):
        """Every name is a rule, a parameter of the rule around it, or the prelude's."""

        def walk(node, parameters):
            if isinstance(node, (list, tuple)):
                if len(node) == 3 and node[0] == "name":
                    known = node[1] in parameters or node[1] in PRELUDE or node[1] in self.rules
                    if not known:
                        raise CddlError(f"{node[1]} is not defined")
                for part in node:
                    walk(part, parameters)

        for parameters, body in self.rules.values():
            walk(body, parameters)

    def matches(self, rule, value):
        return self.type_matches(("name", rule, []), value, {})

    # `bound` gives the types that generic parameters stand for.

    def resolve(self, node, bound):
        """A name's body, with the parameters in force there."""
        _, name, arguments = node
        if name in bound:
            return bound[name]
        parameters, body = self.rules[name]
        if len(parameters) != len(arguments):
            raise CddlError(f"{name} takes {len(parameters)} arguments")
        return body, {p: (a, bound) for p, a in zip(parameters, arguments)}

    def is_builtin(self, node, bound):
        return node[1] in PRELUDE and node[1] not in bound and node[1] not in self.rules

    def type_matches(self, node, value, bound):
        kind = node[0]
        if kind == "name":
            if self.is_builtin(node, bound):
                return PRELUDE[node[1]](value)
            return self.type_matches(*self.rearrange(self.resolve(node, bound), value))
        if kind == "value":
            return type(value) is type(node[1]) and value == node[1]
        if kind == "range":
            return is_int(value) and node[1] <= value <= node[2]
        if kind == "choice":
            return any(self.type_matches(part, value, bound) for part in node[1])
        if kind == "enum":
            members = [entry for choice in node[1][1] for entry in choice]
            return any(self.type_matches(entry[4], value, bound) for entry in members)
        if kind == "map":
            return isinstance(value, dict) and self.map_matches(node[1], value, bound)
        if kind == "array":
            return isinstance(value, list) and self.array_matches(node[1], value, bound)
        if kind == "control":
            return self.control_matches(node, value, bound)
        raise CddlError(f"{kind} is no type")

    @staticmethod
    def rearrange(resolved, value):
        body, bound = resolved
        return body, value, bound

    def control_matches(self, node, value, bound):
        _, operator, target, controller = node
        if not self.type_matches(target, value, bound):
            return False
        if operator == ".and":
            return self.type_matches(controller, value, bound)
        if operator == ".cbor":
            inner = decode(value)
            return inner is not None and self.type_matches(controller, inner, bound)
        if operator == ".regexp":
            return re.fullmatch(controller[1], value, re.ASCII) is not None
        return self.size_matches(value, controller)

    @staticmethod
    def size_matches(value, controller):
        if is_int(value):
            return controller[0] == "value" and value < 256 ** controller[1]
        size = len(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value)
        if controller[0] == "value":
            return size == controller[1]
        return controller[1] <= size <= controller[2]

    def inlined(self, entry, bound):
        """The group that an entry stands for, if it names one, and its bindings."""
        node = entry[4]
        while entry[3] is None and node[0] == "name" and not self.is_builtin(node, bound):
            node, bound = self.resolve(node, bound)
        return (node, bound) if node[0] == "group" and entry[3] is None else None

    # Maps: an entry takes the pairs it names. Keys of our maps are literal, or one range of
    # extensions, so no pair can belong to two entries and no search is needed.

    def map_matches(self, group, value, bound):
        for choice in group[1]:
            left = self.take_pairs(choice, dict(value), bound)
            if left is not None and not left:
                return True
        return False

    def take_pairs(self, entries, left, bound):
        """What is left of the pairs after the entries took theirs, or None if one found none."""
        for entry in entries:
            group = self.inlined(entry, bound)
            if group is not None:
                left = self.take_group(group, entry[1], left)
            else:
                left = self.take_member(entry, left, bound)
            if left is None:
                return None
        return left

    def take_group(self, group, low, left):
        node, bound = group
        for choice in node[1]:
            after = self.take_pairs(choice, dict(left), bound)
            if after is not None:
                return after
        return left if low == 0 else None

    def take_member(self, entry, left, bound):
        _, low, high, key, member = entry
        taken = [k for k in left if self.type_matches(key, k, bound)]
        if len(taken) < low or (high is not None and len(taken) > high):
            return None
        if not all(self.type_matches(member, left[k], bound) for k in taken):
            return None
        return {k: v for k, v in left.items() if k not in taken}

    # Arrays: greedy, which is exact where an element cannot belong to two entries.

    def array_matches(self, group, value, bound):
        return any(
            self.take_elements(choice, value, 0, bound) == len(value) for choice in group[1]
        )

    def take_elements(self, entries, value, at, bound):
        for _, low, high, _, member in entries:
            count = 0
            while at < len(value) and (high is None or count < high):
                if not self.type_matches(member, value[at], bound):
                    break
                at += 1
                count += 1
            if count < low:
                return -1
        return at
