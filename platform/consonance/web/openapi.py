"""What all operations of the API document share: problems, and general refusals."""

from __future__ import annotations

from typing import Any, Final

from annotation.api.examples import EXAMPLES

_JSON: Final = "application/json"
_PROBLEM_JSON: Final = "application/problem+json"
_PROBLEM: Final = {_PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/ProblemShown"}}}
#: Told once under `components`, and named by each operation that can answer so.
_SHARED: Final = {
    401: ("SignInFirst", "Not signed in, or the token is no good."),
    406: ("NotAcceptable", "`Accept` names nothing that is sent here."),
    413: ("TooLarge", "The body is larger than 1 MiB."),
    415: ("NotJSON", "The body is no JSON by its `Content-Type`."),
}
_WITH_BODY: Final = (413, 415)
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def add_what_all_share(result: dict[str, Any], **_given: Any) -> dict[str, Any]:
    """Complete a document (a hook of drf-spectacular).

    Every refusal is a problem (RFC 9457). Whatever needs somebody signed in can answer 401;
    whatever takes a body 400, 413 and 415.
    """
    for path, operations in result["paths"].items():
        for method in _METHODS:
            if method in operations:
                _complete(operations[method], path)
    shared = result["components"].setdefault("responses", {})
    for name, description in _SHARED.values():
        shared[name] = {"description": description, "content": _PROBLEM}
    return result


def _complete(operation: dict[str, Any], path: str) -> None:
    answers: dict[str, Any] = operation["responses"]
    for status, answer in answers.items():
        if int(status) >= 400:
            own = answer.pop("content", {}).get(_JSON)
            answer["content"] = {_PROBLEM_JSON: own} if own else _PROBLEM
    needed = [406]
    if {} not in operation.get("security", []):
        needed.append(401)
    if "requestBody" in operation:
        needed += _WITH_BODY
        answers.setdefault(
            "400",
            {"description": "The body is not of the form asked for.", "content": _PROBLEM},
        )
    for number in needed:
        name, _ = _SHARED[number]
        answers[str(number)] = {"$ref": f"#/components/responses/{name}"}
    operation["responses"] = dict(sorted(answers.items()))
    for name, value in EXAMPLES.get(operation["operationId"], {}).items():
        told = operation["requestBody"] if name == "request" else answers[name]
        told["content"][_JSON]["example"] = value
