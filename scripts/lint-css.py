#!/usr/bin/env python3
"""Checks style sheets: reports rules and declarations that a browser would skip, and custom properties that are used but not defined.

    scripts/lint-css.py FILE...     needs tinycss2 (Tests/requirements.txt)
"""
import sys

import tinycss2
from tinycss2 import ast

# At-rules that hold rules, not declarations.
GROUPS = {"media", "supports"}
# Appended to the file's text: the parser includes it in any block that is not closed.
END = "#end{}"


def main():
    problems = [f"{path}:{line}: {text}" for path in sys.argv[1:] for line, text in check(path)]
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return bool(problems)


def check(path):
    with open(path, "rb") as file:
        text = file.read() + END.encode()
    rules, _ = tinycss2.parse_stylesheet_bytes(text, skip_comments=True, skip_whitespace=True)
    defined, used, problems = set(), {}, []
    walk(rules, defined, used, problems)
    if not rules or rules[-1].serialize() != END:
        problems.append((rules[-1].source_line if rules else 1, "this is not closed"))
    problems += [(line, f"{name} is not defined") for name, line in used.items() if name not in defined]
    return sorted(problems)


def walk(rules, defined, used, problems):
    for rule in rules:
        if rule.type == "error":
            problems.append((rule.source_line, rule.message))
        elif rule.type == "at-rule" and rule.lower_at_keyword in GROUPS:
            inner = tinycss2.parse_rule_list(rule.content or [], skip_comments=True, skip_whitespace=True)
            walk(inner, defined, used, problems)
        elif rule.type == "qualified-rule":
            declarations(rule, defined, used, problems)
        else:
            problems.append((rule.source_line, f"@{rule.at_keyword} is not known to scripts/lint-css.py"))


def declarations(rule, defined, used, problems):
    for each in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
        if each.type != "declaration":
            problems.append((each.source_line, each.message if each.type == "error" else "no declaration"))
            continue
        if each.name.startswith("--"):
            defined.add(each.name)
        problems.extend((token.source_line, f"{each.name}: {token.message}") for token in each.value if token.type == "error")
        if not any(token.type not in ("whitespace", "comment") for token in each.value):
            problems.append((each.source_line, f"{each.name} has no value"))
        for token in each.value:
            if isinstance(token, ast.FunctionBlock) and token.lower_name == "var":
                used.update((argument.value, argument.source_line) for argument in token.arguments if argument.type == "ident")


if __name__ == "__main__":
    sys.exit(main())
