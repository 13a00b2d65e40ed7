"""Shapes said once."""

from typing import Any

from coatcheck.http.components import Components

JOB: dict[str, Any] = {"title": "Job", "type": "object", "properties": {"id": {"type": "string"}}}
OTHER: dict[str, Any] = {**JOB, "properties": {"title": {"type": "string"}}}


def test_a_shape_that_occurs_twice_is_one_component() -> None:
    components = Components()
    collected = components.collect({"a": JOB, "b": [JOB]}, "Bill")
    assert collected == {"a": {"$ref": "#/components/schemas/Job"}, "b": [{"$ref": "#/components/schemas/Job"}]}
    assert components.schemas == {"Job": JOB}


def test_two_shapes_of_one_title_are_told_apart_by_where_they_occur() -> None:
    components = Components()
    components.collect(JOB, "Bill")
    assert components.collect(OTHER, "Refund") == {"$ref": "#/components/schemas/RefundJob"}
    assert components.collect({**OTHER, "description": "a third"}, "Refund") == {"$ref": "#/components/schemas/RefundJob2"}


def test_shapes_within_shapes_are_components_too() -> None:
    components = Components()
    page = {"title": "Page", "type": "object", "properties": {"items": {"type": "array", "items": JOB}}}
    assert components.collect(page, "List") == {"$ref": "#/components/schemas/Page"}
    assert components.schemas["Page"]["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Job"}


def test_a_member_called_title_is_a_member() -> None:
    components = Components()
    members = {"properties": {"title": {"type": "string"}}}
    assert components.collect(members, "Bill") == members
    assert components.schemas == {}
