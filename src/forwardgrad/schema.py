"""Violations of a JSON schema, one line each."""

import math
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from forwardgrad.suggestions import suggest

Mapping = dict[str, Any]


def is_integer(_: object, value: object) -> bool:
    """Return whether `value` is an integer; 64.0 is none, since whoever counts up to it could not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(_: object, value: object) -> bool:
    """Return whether `value` is a finite number; a NaN passes every limit that a schema can set."""
    return is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))


TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": is_integer, "number": is_number})
Strict = extend(Draft202012Validator, type_checker=TYPES)


def schema_problems(config: Mapping, schema: Mapping) -> Iterator[str]:
    """Yield one line for every violation of `schema` in `config`."""
    errors = Strict(schema).iter_errors(config)
    for error in sorted(errors, key=lambda error: [str(part) for part in error.absolute_path]):
        yield from explain(error, schema)


def explain(error: ValidationError, schema: Mapping) -> Iterator[str]:
    """Yield the lines for one violation of `schema`."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    inside = f"{place}." if place else ""
    match error.validator:
        case "additionalProperties" | "unevaluatedProperties":
            known = keys(error.schema, schema)
            for key in [key for key in error.instance if key not in known]:
                yield f"{inside}{key} = {error.instance[key]!r}: unknown key; {suggest(key, known)}"
        case "required":
            for key in error.validator_value:
                if key not in error.instance:
                    meaning = keys(error.schema, schema).get(key, {}).get("description")
                    yield f"{place or 'configuration'}: {key} is missing" + (f" ({meaning})" if meaning else "")
        case _ if "propertyNames" in error.absolute_schema_path:
            yield f"{inside}{error.instance}: allowed is a name of {error.schema['description']}"
        case "uniqueItems":
            yield f"{place} = {error.instance!r}: allowed is each entry once"
        case _:
            yield f"{place or 'configuration'} = {error.instance!r}: allowed is {allowed(error.schema)}{hint(error)}"


def keys(node: Mapping, schema: Mapping) -> Mapping:
    """Return the properties of `node` of `schema`, including those of the definition it refers to."""
    common = schema["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else {}
    return common.get("properties", {}) | node.get("properties", {})


def allowed(node: Mapping) -> str:
    """Return the values that `node` of a schema allows, in words."""
    if "anyOf" in node:
        return " or ".join(allowed(choice) for choice in node["anyOf"])
    if "const" in node or "enum" in node:
        return " or ".join(node.get("enum", [node.get("const")]))
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    articles = {
        "integer": "an integer",
        "array": "a list",
        "object": "a mapping",
        "null": "null",
        "boolean": "true or false",
    }
    text = " or ".join(articles.get(kind, f"a {kind}") for kind in kinds)
    if "prefixItems" in node:
        return f"{text} of {len(node['prefixItems'])}: {', '.join(map(allowed, node['prefixItems']))}"
    limits = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    limits |= {"minItems": "at least"}
    bounds = [f"{words} {node[key]}" for key, words in limits.items() if key in node]
    return f"{text} {'of ' if 'array' in kinds and bounds else ''}{' and '.join(bounds)}".strip()


def hint(error: ValidationError) -> str:
    """Return a hint at how a number would be written that is read as text, is not finite, or has a point."""
    value, numbers = error.instance, allowed(error.schema)
    if isinstance(value, str) and "a number" in numbers:
        try:
            return f"; YAML takes this for text, write {float(value):.1e}"
        except ValueError:
            pass
    if isinstance(value, float) and not math.isfinite(value):
        return ", and finite"
    if isinstance(value, float) and "an integer" in numbers and value.is_integer():
        return f"; write {value:.0f}"
    return ""
