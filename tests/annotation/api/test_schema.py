from __future__ import annotations

import pytest
from drf_spectacular.generators import SchemaGenerator


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.parametrize(
    ("path", "sends", "returns"),
    [
        ("/api/v1/questions/claim", "ClaimRequest", "ClaimResponse"),
        ("/api/v1/ratings", "RatingsRequest", "RatingsResponse"),
        ("/api/v1/ratings/undo", "UndoRequest", "UndoResponse"),
    ],
)
def test_the_document_names_what_each_call_sends_and_returns(schema, path, sends, returns):
    call = schema["paths"][path]["post"]
    body = call["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    answer = call["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert body.rsplit("/", 1)[1] == sends
    assert answer.rsplit("/", 1)[1] == returns
    assert {"400", "403"} <= set(call["responses"])


def test_a_question_in_the_document_has_its_class(schema):
    shown = schema["components"]["schemas"]["QuestionShown"]["properties"]
    assert {"assignment", "class", "clip", "guideline", "prompt"} <= set(shown)


def test_the_document_tells_the_limits_of_a_batch(schema):
    ratings = schema["components"]["schemas"]["RatingsRequest"]["properties"]["ratings"]
    assert ratings["maxItems"] == 100


def test_answers_that_were_all_rejected_are_a_problem_with_results(schema):
    told = schema["paths"]["/api/v1/ratings"]["post"]["responses"]["400"]["content"]
    shown = told["application/problem+json"]["schema"]["$ref"].rsplit("/", 1)[1]
    fields = schema["components"]["schemas"][shown]["properties"]
    assert {"title", "status", "detail", "errors", "results"} == set(fields)
