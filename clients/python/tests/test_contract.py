"""The golden files of contract/, which every client reads: what the guide writes is sent so, and what it answers comes through."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from both import BOTH
from servers import Serving, answer

from peegeeq_service_manager import ServiceManagerError

CONTRACT = Path(__file__).parents[3] / "contract"
pytestmark = pytest.mark.parametrize("flavour", BOTH)


def golden(name: str) -> Any:
    value = json.loads((CONTRACT / f"{name}.json").read_text())
    return value["body"] if name.startswith("original/") else value


ONE = "/api/v1/instances/peegeeq-prod-01"
CALLS: list[tuple[str, Callable[[Any], Any], list[str]]] = [
    ("GET /api/v1/instances", lambda c: c.get_all_instances(), ["guide/list", "original/list"]),
    (
        "GET /api/v1/instances?environment=production&status=healthy",
        lambda c: c.get_all_instances(environment="production", status="healthy"),
        ["guide/list-filtered", "original/list-filtered"],
    ),
    (f"GET {ONE}", lambda c: c.get_instance("peegeeq-prod-01"), ["guide/read"]),
    (f"DELETE {ONE}/deregister", lambda c: c.deregister_instance("peegeeq-prod-01"), ["guide/deregister", "original/deregister"]),
    (f"GET {ONE}/health", lambda c: c.check_instance_health("peegeeq-prod-01"), ["guide/check", "guide/check-unhealthy", "original/check"]),
    ("GET /api/v1/federation/overview", lambda c: c.get_federated_overview(), ["guide/federation-overview"]),
    ("GET /api/v1/federation/queues", lambda c: c.get_federated_queues(), ["guide/federation-queues"]),
    ("GET /api/v1/federation/consumer-groups", lambda c: c.get_federated_consumer_groups(), ["guide/federation-consumer-groups"]),
    ("GET /api/v1/federation/event-stores", lambda c: c.get_federated_event_stores(), ["guide/federation-event-stores"]),
    ("GET /api/v1/federation/metrics", lambda c: c.get_federated_metrics(), ["guide/federation-metrics"]),
    *(
        (
            f"GET /api/v1/federated/{part}",
            lambda c, part=part: getattr(c, f"get_flat_{part.replace('-', '_')}")(),
            [f"original/federated-{part}", f"original/federated-{part}-empty"],
        )
        for part in ("overview", "queues", "consumer-groups", "event-stores", "metrics")
    ),
    *(
        (
            f"GET {ONE}/{part}",
            lambda c, part=part: getattr(c, f"get_instance_{part.replace('-', '_')}")("peegeeq-prod-01"),
            [f"original/instance-{part}"],
        )
        for part in ("overview", "queues", "consumer-groups", "event-stores", "metrics")
    ),
    ("GET /health", lambda c: c.get_service_health(), ["guide/health", "original/health"]),
]


@pytest.mark.parametrize(("wanted", "call", "files"), CALLS, ids=[call[0] for call in CALLS])
def test_answers(flavour: Any, wanted: str, call: Callable[[Any], Any], files: list[str]) -> None:
    for name in files:
        with Serving(answer(200, golden(name))) as server:
            assert call(flavour(server.url)) == golden(name)
            assert server.seen[0].line == wanted


def test_the_registration_of_the_guide(flavour: Any) -> None:
    sent = golden("guide/register.request")
    with Serving(answer(201, golden("guide/register"))) as server:
        assert flavour(server.url).register_instance(sent) == golden("guide/register")
        assert (server.seen[0].line, json.loads(server.seen[0].body)) == ("POST /api/v1/instances/register", sent)


@pytest.mark.parametrize("name", ["guide/error", "guide/error-validation"])
def test_refusals(flavour: Any, name: str) -> None:
    wanted = golden(name)
    with Serving(answer(wanted["status"], wanted)) as server, pytest.raises(ServiceManagerError) as failure:
        flavour(server.url).get_instance("x")
    assert str(failure.value) == f"HTTP {wanted['status']}: {wanted['error']}"
    assert failure.value.details == wanted.get("details", [])
