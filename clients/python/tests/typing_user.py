"""Read by the type checker only: what a strict user writes is accepted, and what is wrong is not."""

from __future__ import annotations

from peegeeq_service_manager import AsyncPeeGeeQServiceManagerClient, PeeGeeQServiceManagerClient, models


def blocking(client: PeeGeeQServiceManagerClient) -> int:
    overview: models.FederatedOverview = client.get_federated_overview(fresh=True)
    rows = client.get_all_instances(environment="production")["instances"]
    client.register_instance({"instanceId": "a", "host": "b", "port": "c"})  # type: ignore[typeddict-item]
    return overview["instanceCount"] + sum(row["healthy"] for row in rows)


async def awaited(client: AsyncPeeGeeQServiceManagerClient) -> None:
    async for update in client.updates(topics=["instances"]):
        print(update["type"])
