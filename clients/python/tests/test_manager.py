"""The guide's methods and all others against a running manager."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from both import BOTH
from manager import Manager, free_port, until

from peegeeq_service_manager import ServiceManagerError

pytestmark = pytest.mark.parametrize("flavour", BOTH)


@pytest.fixture
def client(flavour: Any, demo: Manager) -> Any:
    client = flavour(demo.url)
    until("three healthy instances", lambda: client.get_all_instances(status="healthy")["count"] == 3)
    return client


def test_an_instance_comes_and_goes(client: Any) -> None:
    registration = {
        "instanceId": "web 01/ü",
        "host": "127.0.0.1",
        "port": 9,
        "environment": "staging",
        "region": "r",
        "metadata": {"zone": "a"},
    }
    assert client.register_instance(registration)["instanceId"] == "web 01/ü"
    listed = client.get_all_instances(environment="staging", metadata={"zone": "a"})
    assert [row["instanceId"] for row in listed["instances"]] == ["web 01/ü"]
    assert client.get_instance("web 01/ü")["instance"]["host"] == "127.0.0.1"
    assert client.check_instance_health("web 01/ü")["healthy"] is False
    assert client.update_instance("web 01/ü", {"weight": 3})["changed"] is True
    assert client.drain_instance("web 01/ü", {"reason": "upgrade"})["presence"] == "draining"
    assert client.maintain_instance("web 01/ü", {"reason": "disk"})["presence"] == "maintenance"
    assert client.resume_instance("web 01/ü")["presence"] == "serving"
    assert "healthy" in client.force_instance_health_check("web 01/ü")
    assert client.get_instance_history("web 01/ü")["events"]
    client.deregister_instance("web 01/ü")
    with pytest.raises(ServiceManagerError, match=r"^HTTP 404: ") as failure:
        client.get_instance("web 01/ü")
    assert (failure.value.kind, failure.value.status) == ("refused", 404)


def begin(client: Any) -> Any:
    try:
        return client.begin_rolling_restart({"instanceIds": ["peegeeq-demo-03"], "reason": "upgrade"})
    except ServiceManagerError as failure:
        assert failure.status == 409
        return None


def test_a_rolling_restart_is_led_and_called_off(client: Any) -> None:
    begun = until("the one before, of the other client, being over", lambda: begin(client))
    assert begun["restartId"] in [one["restartId"] for one in client.get_rolling_restarts()["restarts"]]
    assert client.pause_rolling_restart(begun["restartId"], {"reason": "lunch"})["restartId"] == begun["restartId"]
    assert client.get_rolling_restart(begun["restartId"])["restartId"] == begun["restartId"]
    client.cancel_rolling_restart(begun["restartId"])
    until("it being served again", lambda: client.get_instance("peegeeq-demo-03")["instance"]["presence"] == "serving")
    for ask in (client.get_incident, client.get_incident_markdown):
        with pytest.raises(ServiceManagerError) as failure:
            ask("4711")
        assert failure.value.status == 404


def test_all_faults_are_told(client: Any) -> None:
    with pytest.raises(ServiceManagerError) as failure:
        client.register_instance({"instanceId": "", "host": "", "port": 0})
    assert sorted(detail["field"] for detail in failure.value.details) == ["host", "instanceId", "port"]
    assert failure.value.request_id


def test_every_operation_has_a_method_and_those_that_only_look_answer(client: Any) -> None:
    document = json.loads((Path(__file__).parents[3] / "contract/openapi.json").read_text())
    operations = [
        one["operationId"] for path in document["paths"].values() for one in path.values() if isinstance(one, dict) and "operationId" in one
    ]
    methods = {name: method_of(name) for name in operations if not re.search("stream|socket|Socket|getHealthEvent", name)}
    assert [name for name, method in methods.items() if not hasattr(client.client, method)] == []
    for name, method in methods.items():
        if name.startswith(("get", "list")) and not re.search("Instance(?!s|Shaped)|^getIncident$|^getRollingRestart$", name):
            assert getattr(client, method)() is not None, name
    for part in ("overview", "queues", "consumer_groups", "event_stores", "metrics", "availability"):
        assert getattr(client, f"get_instance_{part}")("peegeeq-demo-01") is not None, part
    assert client.explain_route({"path": "/api/v1/queues/demo-01/orders/stats"})


RENAMED = {"list_instances": "get_all_instances", "diff_instances": "get_differences", "delete_instance": "deregister_instance"}


def method_of(operation: str) -> str:
    name = re.sub("(?<!^)(?=[A-Z])", "_", operation).lower()
    name = re.sub("^get_federated_", "get_flat_", name)
    name = re.sub("^get_federation_", "get_federated_", name)
    return RENAMED.get(name) or re.sub("^list_", "get_", name)


def test_updates_go_on_after_a_restart(flavour: Any, tmp_path: Path) -> None:
    port = free_port()
    manager = Manager(tmp_path, port=port)
    client = flavour(manager.url)
    instance = {"host": "127.0.0.1", "port": 9, "environment": "e", "region": "r"}

    def restart() -> None:
        nonlocal manager
        other = flavour(manager.url)
        other.register_instance({"instanceId": "first", **instance})
        manager.stop()
        manager = Manager(tmp_path, port=port)
        other.register_instance({"instanceId": "second", **instance})

    def enough(told: list[Any]) -> bool:
        if len(told) == 1:
            worker.start()
        return any(update["type"] == "journal" and update.get("instanceId") == "second" for update in told)

    worker = threading.Thread(target=restart)
    told = client.take(enough)
    worker.join()
    manager.stop()
    assert told[0]["type"] == "snapshot"
    assert any(update["type"] == "change" and update["instanceId"] == "first" for update in told)
    assert all(update["id"] for update in told)


def test_updates_say_what_is_wrong(client: Any) -> None:
    with pytest.raises(ServiceManagerError, match="topics") as failure:
        client.take(lambda _: True, topics=["weather"])
    assert failure.value.status == 400
