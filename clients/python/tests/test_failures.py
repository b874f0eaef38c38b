"""Time limits, repetitions and refusals, against servers that misbehave on purpose."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from both import BOTH
from manager import free_port
from servers import Serving, answer, hang_up

from peegeeq_service_manager import ServiceManagerError

pytestmark = pytest.mark.parametrize("flavour", BOTH)
EMPTY = answer(200, {"count": 0, "instances": []})


def test_what_changes_nothing_is_sent_again_when_the_connection_broke(flavour: Any) -> None:
    with Serving(hang_up, hang_up, EMPTY) as server:
        assert flavour(server.url).get_all_instances()["count"] == 0
        assert len(server.seen) == 3


def test_when_it_is_asked_to_come_back(flavour: Any) -> None:
    with Serving(answer(503, {"error": "full"}, Retry_After="0"), EMPTY) as server:
        assert flavour(server.url).get_all_instances()["count"] == 0


def test_but_not_on_a_plain_refusal(flavour: Any) -> None:
    with Serving(answer(503, {"error": "No healthy instances available", "instanceCount": 0})) as server:
        with pytest.raises(ServiceManagerError) as failure:
            flavour(server.url).get_federated_overview()
        assert (failure.value.status, failure.value.body["instanceCount"], len(server.seen)) == (503, 0, 1)


def test_and_no_more_often_than_told(flavour: Any) -> None:
    with Serving(hang_up) as server:
        with pytest.raises(ServiceManagerError) as failure:
            flavour(server.url, retries=1).get_all_instances()
        assert (failure.value.kind, failure.value.outcome, len(server.seen)) == ("unreachable", None, 2)


def test_what_changes_something_is_sent_once(flavour: Any) -> None:
    with Serving(hang_up) as server:
        with pytest.raises(ServiceManagerError) as failure:
            flavour(server.url).deregister_instance("a")
        assert (failure.value.kind, failure.value.outcome, len(server.seen)) == ("unreachable", "unknown", 1)


def test_a_call_ends_in_time(flavour: Any) -> None:
    silent = Serving(lambda _: silent.silence())
    with silent, pytest.raises(ServiceManagerError) as failure:
        flavour(silent.url, timeout=0.05).get_all_instances()
    assert failure.value.kind == "timeout"


def test_also_while_a_body_trickles(flavour: Any) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not server.over.wait(0.01):
                handler.wfile.write(b" ")
        except OSError:
            pass

    server = Serving(trickle)
    with server, pytest.raises(ServiceManagerError) as failure:
        flavour(server.url, timeout=0.1).get_all_instances()
    assert failure.value.kind == "timeout"


def test_answers_that_are_none_are_told_apart(flavour: Any) -> None:
    with Serving(answer(200, b"<html>")) as server, pytest.raises(ServiceManagerError) as failure:
        flavour(server.url).get_all_instances()
    assert failure.value.kind == "unreadable"
    with Serving(answer(502, b"<html>")) as server, pytest.raises(ServiceManagerError, match="HTTP 502: Bad Gateway") as failure:
        flavour(server.url).get_all_instances()
    assert (failure.value.kind, failure.value.status) == ("unreadable", 502)
    with pytest.raises(ServiceManagerError, match=r"refused|failed") as failure:
        flavour(f"http://127.0.0.1:{free_port()}", retries=0).get_all_instances()
    assert failure.value.kind == "unreachable"


def test_token_and_headers_under_a_path_of_a_proxy(flavour: Any) -> None:
    tokens = iter(["t1", "t2"])
    with Serving(EMPTY) as server:
        client = flavour(f"{server.url}/peegeeq/", token=lambda: next(tokens), headers={"X-Team": "ops"})
        client.get_all_instances(environment="a&b", page=2)
        client.get_all_instances()
        assert server.seen[0].line == "GET /peegeeq/api/v1/instances?environment=a%26b&page=2"
        assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer t1", "Bearer t2"]
        assert server.seen[0].headers["X-Team"] == "ops"
