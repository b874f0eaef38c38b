"""Every endpoint as a method. Awaited."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from .. import models
from .._events import Update
from .transport import AsyncTransport, Token


def _at(instance_id: str, rest: str = "") -> str:
    return f"/api/v1/instances/{quote(instance_id, safe='')}{rest}"


def _rolling(restart_id: str = "", rest: str = "") -> str:
    return "/api/v1/routing/rolling-restart" + (f"/{quote(restart_id, safe='')}{rest}" if restart_id else "")


class AsyncPeeGeeQServiceManagerClient:
    """A PeeGeeQ Service Manager.

    A call takes about ``timeout`` seconds at most, its repetitions included. Only calls that change nothing are sent again,
    at most ``retries`` times: when no answer came, or the manager asked to come back soon. Failures are
    :class:`ServiceManagerError`. ``verify`` is a context with the authority that signed the manager's certificate.
    """

    def __init__(
        self,
        base_url: str = "http://localhost:9090",
        *,
        timeout: float = 10.0,
        retries: int = 2,
        token: Token | None = None,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._transport = AsyncTransport(base_url, timeout, retries, token, headers, verify)

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def request(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        """Any request of the manager's, or of an instance's through it; the answer as JSON."""
        return await self._transport.json(method, path, query=query, body=body)

    async def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        return await self._transport.json("GET", path, query=query)

    # The registry

    async def register_instance(self, registration: models.RegisterRequest) -> models.Registered:
        """Registers an instance, or changes the one of the same id."""
        answer: models.Registered = await self.request("POST", "/api/v1/instances/register", body=registration)
        return answer

    async def get_all_instances(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        status: str | None = None,
        metadata: Mapping[str, str] | None = None,
        sort: str | None = None,
        at: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.InstanceList:
        """All instances, or those that the filters let through."""
        answer: models.InstanceList = await self._get(
            "/api/v1/instances",
            {
                "environment": environment,
                "region": region,
                "status": status,
                **{f"metadata.{key}": value for key, value in (metadata or {}).items()},
                "sort": sort,
                "at": at,
                "page": page,
                "pageSize": page_size,
            },
        )
        return answer

    async def get_instance(self, instance_id: str, *, at: str | None = None) -> models.InstanceRead:
        """One instance, as it is or as it was."""
        answer: models.InstanceRead = await self._get(_at(instance_id), {"at": at})
        return answer

    async def update_instance(self, instance_id: str, update: models.UpdateRequest) -> models.Updated:
        """Changes weight, metadata or presence."""
        answer: models.Updated = await self.request("PUT", _at(instance_id), body=update)
        return answer

    async def deregister_instance(self, instance_id: str) -> models.Deregistered:
        """Takes an instance out of the registry."""
        answer: models.Deregistered = await self.request("DELETE", _at(instance_id, "/deregister"))
        return answer

    async def check_instance_health(self, instance_id: str) -> models.HealthCheckView:
        """Asks an instance for its health now. A failure does not count for its state."""
        answer: models.HealthCheckView = await self._get(_at(instance_id, "/health"))
        return answer

    async def force_instance_health_check(self, instance_id: str) -> models.HealthCheckView:
        """Probes an instance now, as one of its regular checks."""
        answer: models.HealthCheckView = await self.request("POST", _at(instance_id, "/health/check"))
        return answer

    async def drain_instance(self, instance_id: str, order: models.DrainRequest | None = None) -> models.Ordered:
        """Sends an instance no new work."""
        answer: models.Ordered = await self.request("POST", _at(instance_id, "/drain"), body=order or {})
        return answer

    async def maintain_instance(self, instance_id: str, order: models.MaintenanceRequest | None = None) -> models.Ordered:
        """Takes an instance out of service without watching it."""
        answer: models.Ordered = await self.request("POST", _at(instance_id, "/maintenance"), body=order or {})
        return answer

    async def resume_instance(self, instance_id: str, order: models.ResumeRequest | None = None) -> models.Ordered:
        """Ends drain or maintenance."""
        answer: models.Ordered = await self.request("POST", _at(instance_id, "/resume"), body=order or {})
        return answer

    # The whole cluster, grouped by name

    async def get_federated_overview(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FederatedOverview:
        """The cluster in numbers."""
        answer: models.FederatedOverview = await self._get(
            "/api/v1/federation/overview", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_federated_queues(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.GroupedQueues:
        """Queues by name."""
        answer: models.GroupedQueues = await self._get(
            "/api/v1/federation/queues", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_federated_consumer_groups(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.GroupedGroups:
        """Consumer groups by name."""
        answer: models.GroupedGroups = await self._get(
            "/api/v1/federation/consumer-groups", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_federated_event_stores(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.GroupedStores:
        """Event stores by name."""
        answer: models.GroupedStores = await self._get(
            "/api/v1/federation/event-stores", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_federated_metrics(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FederatedMetrics:
        """Metrics of the instances as one."""
        answer: models.FederatedMetrics = await self._get(
            "/api/v1/federation/metrics", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    # The same, one row each with its source; without healthy instances empty instead of refused

    async def get_flat_overview(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FederatedOverview:
        """The cluster in numbers."""
        answer: models.FederatedOverview = await self._get(
            "/api/v1/federated/overview", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_flat_queues(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FlatQueues:
        """Queues as the instances sent them."""
        answer: models.FlatQueues = await self._get(
            "/api/v1/federated/queues", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_flat_consumer_groups(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FlatGroups:
        """Consumer groups as the instances sent them."""
        answer: models.FlatGroups = await self._get(
            "/api/v1/federated/consumer-groups", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_flat_event_stores(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FlatStores:
        """Event stores as the instances sent them."""
        answer: models.FlatStores = await self._get(
            "/api/v1/federated/event-stores", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    async def get_flat_metrics(
        self,
        *,
        environment: str | None = None,
        region: str | None = None,
        fresh: bool | None = None,
        partial: str | None = None,
        page: int | None = None,
        page_size: int | None = None,
    ) -> models.FederatedMetrics:
        """Metrics of the instances as one."""
        answer: models.FederatedMetrics = await self._get(
            "/api/v1/federated/metrics", _federated(environment, region, fresh, partial, page, page_size)
        )
        return answer

    # One instance's own answers, passed on

    async def get_instance_overview(self, instance_id: str) -> dict[str, Any]:
        """What an instance answers for its overview."""
        answer: dict[str, Any] = await self._get(_at(instance_id, "/overview"))
        return answer

    async def get_instance_queues(self, instance_id: str) -> dict[str, Any]:
        """What an instance answers for its queues."""
        answer: dict[str, Any] = await self._get(_at(instance_id, "/queues"))
        return answer

    async def get_instance_consumer_groups(self, instance_id: str) -> dict[str, Any]:
        """What an instance answers for its consumer groups."""
        answer: dict[str, Any] = await self._get(_at(instance_id, "/consumer-groups"))
        return answer

    async def get_instance_event_stores(self, instance_id: str) -> dict[str, Any]:
        """What an instance answers for its event stores."""
        answer: dict[str, Any] = await self._get(_at(instance_id, "/event-stores"))
        return answer

    async def get_instance_metrics(self, instance_id: str) -> dict[str, Any]:
        """What an instance answers for its metrics."""
        answer: dict[str, Any] = await self._get(_at(instance_id, "/metrics"))
        return answer

    # What happened

    async def get_events(
        self,
        *,
        instance: str | None = None,
        kind: str | None = None,
        start: str | None = None,
        end: str | None = None,
        since: str | None = None,
        before: str | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> models.EventsPage:
        """What the manager remembers. ``start`` and ``end`` are times, ``since`` and ``before`` ids of events."""
        answer: models.EventsPage = await self._get(
            "/api/v1/events",
            {
                "instance": instance,
                "kind": kind,
                "from": start,
                "to": end,
                "since": since,
                "before": before,
                "order": order,
                "limit": limit,
            },
        )
        return answer

    async def get_instance_history(
        self,
        instance_id: str,
        *,
        kind: str | None = None,
        start: str | None = None,
        end: str | None = None,
        since: str | None = None,
        before: str | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> models.EventsPage:
        """What the manager remembers of one instance."""
        answer: models.EventsPage = await self._get(
            _at(instance_id, "/history"),
            {"kind": kind, "from": start, "to": end, "since": since, "before": before, "order": order, "limit": limit},
        )
        return answer

    async def get_instance_availability(self, instance_id: str, *, window: str | None = None) -> models.AvailabilityAnswer:
        """How available an instance was."""
        answer: models.AvailabilityAnswer = await self._get(_at(instance_id, "/availability"), {"window": window})
        return answer

    async def get_differences(self, start: str, end: str | None = None) -> models.DiffAnswer:
        """What differs between two instants."""
        answer: models.DiffAnswer = await self._get("/api/v1/events/diff", {"from": start, "to": end})
        return answer

    async def get_incidents(
        self,
        *,
        status: str | None = None,
        since: str | None = None,
        until: str | None = None,
        environment: str | None = None,
        instance: str | None = None,
        before: str | None = None,
        after: str | None = None,
        order: str | None = None,
        limit: int | None = None,
    ) -> models.IncidentsPage:
        """What failed together, the newest first. ``since`` and ``until`` are times, ``before`` and ``after`` ids of incidents."""
        answer: models.IncidentsPage = await self._get(
            "/api/v1/incidents",
            {
                "status": status,
                "since": since,
                "until": until,
                "environment": environment,
                "instance": instance,
                "before": before,
                "after": after,
                "order": order,
                "limit": limit,
            },
        )
        return answer

    async def get_incident(self, incident_id: str) -> models.IncidentAnswer:
        """One incident with its timeline."""
        answer: models.IncidentAnswer = await self._get(f"/api/v1/incidents/{quote(incident_id, safe='')}")
        return answer

    async def get_incident_markdown(self, incident_id: str) -> str:
        """The same as a page of Markdown."""
        content = await self._transport.content("GET", f"/api/v1/incidents/{quote(incident_id, safe='')}", query={"format": "markdown"})
        return content.decode()

    # Routing

    async def get_routing(self, *, setup: str | None = None, limit: int | None = None) -> models.RoutingView:
        """Who gets how much, who is left alone, and why."""
        answer: models.RoutingView = await self._get("/api/v1/routing", {"setup": setup, "limit": limit})
        return answer

    async def explain_route(self, question: models.ExplainRequest) -> models.RouteView:
        """Who would get a request, who not, and why. Sends nothing to an instance."""
        answer: models.RouteView = await self.request("POST", "/api/v1/routing/explain", body=question)
        return answer

    async def begin_rolling_restart(self, request: models.RollingRequest) -> models.RollingView:
        """Takes instances out one after the other, for you to restart."""
        answer: models.RollingView = await self.request("POST", _rolling(), body=request)
        return answer

    async def get_rolling_restarts(self) -> models.RollingList:
        """All that are remembered."""
        answer: models.RollingList = await self._get(_rolling())
        return answer

    async def get_rolling_restart(self, restart_id: str) -> models.RollingView:
        """How far one is."""
        answer: models.RollingView = await self._get(_rolling(restart_id))
        return answer

    async def pause_rolling_restart(self, restart_id: str, word: models.RollingWord | None = None) -> models.RollingView:
        """Holds it."""
        answer: models.RollingView = await self.request("POST", _rolling(restart_id, "/pause"), body=word or {})
        return answer

    async def continue_rolling_restart(self, restart_id: str, word: models.RollingWord | None = None) -> models.RollingView:
        """Lets it go on after a pause."""
        answer: models.RollingView = await self.request("POST", _rolling(restart_id, "/continue"), body=word or {})
        return answer

    async def cancel_rolling_restart(self, restart_id: str) -> models.RollingView:
        """Calls it off, and lets in again who was taken out."""
        answer: models.RollingView = await self.request("POST", _rolling(restart_id, "/cancel"))
        return answer

    async def tell_restarted(self, restart_id: str, instance_id: str) -> models.RollingView:
        """Says that an instance was restarted, when that was too quick to be seen."""
        answer: models.RollingView = await self.request("POST", _rolling(restart_id, f"/instances/{quote(instance_id, safe='')}/restarted"))
        return answer

    # The cluster in the shape of one instance

    async def get_management_overview(self, *, fresh: bool | None = None) -> models.ClusterOverview:
        """The overview as one instance would answer."""
        answer: models.ClusterOverview = await self._get("/api/v1/management/overview", {"fresh": fresh})
        return answer

    async def get_management_queues(self, *, fresh: bool | None = None) -> models.ClusterQueues:
        """The queues as one instance would answer."""
        answer: models.ClusterQueues = await self._get("/api/v1/management/queues", {"fresh": fresh})
        return answer

    async def get_management_consumer_groups(self, *, fresh: bool | None = None) -> models.ClusterGroups:
        """The consumer groups as one instance would answer."""
        answer: models.ClusterGroups = await self._get("/api/v1/management/consumer-groups", {"fresh": fresh})
        return answer

    async def get_management_event_stores(self, *, fresh: bool | None = None) -> models.ClusterEventStores:
        """The event stores as one instance would answer."""
        answer: models.ClusterEventStores = await self._get("/api/v1/management/event-stores", {"fresh": fresh})
        return answer

    async def get_management_metrics(self, *, fresh: bool | None = None) -> models.ClusterMetrics:
        """The metrics as one instance would answer."""
        answer: models.ClusterMetrics = await self._get("/api/v1/management/metrics", {"fresh": fresh})
        return answer

    async def get_setups(self, *, fresh: bool | None = None) -> models.ClusterSetups:
        """The setups of all instances."""
        answer: models.ClusterSetups = await self._get("/api/v1/setups", {"fresh": fresh})
        return answer

    async def get_instance_shaped_health(self) -> models.InstanceHealth:
        """The manager's health as an instance would tell it."""
        answer: models.InstanceHealth = await self._get("/api/v1/health")
        return answer

    # The manager itself

    async def get_service_health(self) -> models.ManagerHealth:
        """How the manager is."""
        answer: models.ManagerHealth = await self._get("/health")
        return answer

    async def get_managers(self) -> models.ManagersAnswer:
        """The managers of this cluster."""
        answer: models.ManagersAnswer = await self._get("/api/v1/managers")
        return answer

    async def get_manager_settings(self) -> models.ManagerSettings:
        """The settings of the manager that is asked, with where each comes from."""
        answer: models.ManagerSettings = await self._get("/api/v1/managers/self/settings")
        return answer

    async def get_health_detail(self) -> models.HealthDetail:
        """How the manager is, with its registry."""
        answer: models.HealthDetail = await self._get("/health/detail")
        return answer

    async def get_liveness(self) -> models.ProbeAnswer:
        """Whether the manager runs."""
        answer: models.ProbeAnswer = await self._get("/health/live")
        return answer

    async def get_readiness(self) -> models.ProbeAnswer:
        """Whether the manager takes part; "not" is an answer too."""
        answer: models.ProbeAnswer = await self._transport.json("GET", "/health/ready", accept=(503,))
        return answer

    async def get_metrics(self) -> str:
        """The manager's own metrics as Prometheus reads them."""
        content = await self._transport.content("GET", "/metrics")
        return content.decode()

    # As it happens

    async def updates(
        self,
        *,
        topics: Sequence[str] | None = None,
        environment: str | None = None,
        region: str | None = None,
        status: str | None = None,
        metadata: Mapping[str, str] | None = None,
        since: str | None = None,
    ) -> AsyncIterator[Update]:
        """A snapshot, then each change, for as long as the caller listens. Reconnects by itself and goes on where it was."""
        labels = {f"metadata.{key}": value for key, value in (metadata or {}).items()}
        said = {"topics": ",".join(topics) if topics else None, "environment": environment, "region": region, "status": status, **labels}
        async for update in self._transport.updates(said, since):
            yield update


def _federated(
    environment: str | None, region: str | None, fresh: bool | None, partial: str | None, page: int | None, page_size: int | None
) -> dict[str, Any]:
    return {"environment": environment, "region": region, "fresh": fresh, "partial": partial, "page": page, "pageSize": page_size}
