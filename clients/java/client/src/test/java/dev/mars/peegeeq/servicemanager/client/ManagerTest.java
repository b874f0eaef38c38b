package dev.mars.peegeeq.servicemanager.client;

import dev.mars.peegeeq.servicemanager.client.model.Instance;
import dev.mars.peegeeq.servicemanager.client.model.InstanceOrder;
import dev.mars.peegeeq.servicemanager.client.model.InstanceRegistration;
import dev.mars.peegeeq.servicemanager.client.model.InstanceUpdate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import static dev.mars.peegeeq.servicemanager.client.ManagerProcess.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The guide's methods and the others against a running manager. */
class ManagerTest {
    private static ManagerProcess manager;
    private static PeeGeeQServiceManagerClient client;

    @BeforeAll
    static void start() throws Exception {
        manager = ManagerProcess.demo();
        client = PeeGeeQServiceManagerClient.create(manager.url());
        until("three healthy instances", () -> client.getAllInstances(InstanceFilter.any().status("healthy")).count() == 3);
    }

    @AfterAll
    static void stop() {
        manager.close();
    }

    @Test
    void anInstanceComesAndGoes() {
        String id = "web 01/ü";
        InstanceRegistration registration = new InstanceRegistration(id, "127.0.0.1", 9).in("staging", "r").withMetadata(Map.of("zone", "a"));
        assertEquals(id, client.registerInstance(registration).instanceId());
        List<Instance> listed = client.getAllInstances(InstanceFilter.any().environment("staging").metadata("zone", "a")).instances();
        assertEquals(List.of(id), listed.stream().map(Instance::instanceId).toList());
        assertEquals("http://127.0.0.1:9", client.getInstance(id).baseUri().toString());
        assertFalse(client.checkInstanceHealth(id).successful());
        client.updateInstance(id, InstanceUpdate.weight(3));
        assertEquals(3, client.getInstance(id).weight());
        assertEquals("draining", client.drainInstance(id, InstanceOrder.because("upgrade")).presence());
        assertEquals("maintenance", client.maintainInstance(id, InstanceOrder.because("disk")).presence());
        assertEquals("serving", client.resumeInstance(id).presence());
        assertFalse(client.forceInstanceHealthCheck(id).successful());
        assertFalse(client.getInstanceHistory(id).events().isEmpty());
        client.deregisterInstance(id);
        ServiceManagerException failure = assertThrows(ServiceManagerException.class, () -> client.getInstance(id));
        assertEquals(404, failure.status());
    }

    @Test
    void allFaultsAreTold() {
        ServiceManagerException failure = assertThrows(ServiceManagerException.class, () -> client.registerInstance(new InstanceRegistration("", "", 0)));
        assertEquals(Set.of("host", "instanceId", "port"), new TreeSet<>(failure.details().stream().map(detail -> detail.field()).toList()));
        assertFalse(failure.requestId().isEmpty());
    }

    @Test
    void theWholeClusterAnswers() {
        assertEquals(3, client.getFederatedOverview().instanceCount());
        assertFalse(client.getFederatedQueues().queues().isEmpty());
        assertFalse(client.getFederatedConsumerGroups().consumerGroups().isEmpty());
        assertFalse(client.getFederatedEventStores().eventStores().isEmpty());
        assertFalse(client.getFederatedMetrics().metrics().isEmpty());
        assertEquals("UP", client.getServiceHealth().status());
        assertTrue(client.getMetricsText().contains("peegeeq_instances_registered_total"));
        assertFalse(client.getEvents(Map.of("limit", 5)).events().isEmpty());
        assertFalse(client.getRouting().isEmpty());
        assertFalse(client.explainRoute(Map.of("path", "/api/v1/queues/demo-01/orders/stats")).isEmpty());
        assertEquals("peegeeq-demo-01", client.getInstanceAvailability("peegeeq-demo-01", "1h").get("instanceId"));
        for (Map<String, Object> answer : List.of(client.getInstanceOverview("peegeeq-demo-01"), client.getInstanceQueues("peegeeq-demo-01"),
                client.getInstanceConsumerGroups("peegeeq-demo-01"), client.getInstanceEventStores("peegeeq-demo-01"), client.getInstanceMetrics("peegeeq-demo-01"))) {
            assertFalse(answer.isEmpty());
        }
    }

    @Test
    void pollingTellsAndStops() throws Exception {
        List<PeeGeeQServiceManagerClient.Poll> told = new CopyOnWriteArrayList<>();
        try (PeeGeeQServiceManagerClient.Polling polling = client.startPolling(told::add, Duration.ofMillis(10))) {
            until("three polls", () -> told.size() >= 3);
            assertFalse(polling.isOver());
        }
        assertTrue(told.get(0).instances().count() >= 3);
        assertEquals(3, told.get(0).overview().instanceCount());
    }

    @Test
    void healthyInstancesAreTakenInTurn() throws Exception {
        try (Instances instances = new Instances(client, InstanceFilter.any().environment("production"))) {
            assertTrue(instances.await(Duration.ofSeconds(10)));
            until("every one in turn", () -> {
                Set<String> taken = new TreeSet<>();
                for (int turn = 0; turn < instances.all().size(); turn++) {
                    instances.next().ifPresent(one -> taken.add(one.instanceId()));
                }
                return !taken.isEmpty() && taken.size() == instances.all().size();
            });
        }
    }

    @Test
    void updatesGoOnAfterARestart(@TempDir Path folder) throws Exception {
        int port = ManagerProcess.freePort();
        List<Update> told = new CopyOnWriteArrayList<>();
        ManagerProcess first = ManagerProcess.serve(folder, port);
        PeeGeeQServiceManagerClient client = PeeGeeQServiceManagerClient.create(first.url());
        try (Subscription updates = client.subscribeToUpdates(told::add)) {
            until("a snapshot", () -> !told.isEmpty() && told.get(0).type().equals("snapshot"));
            client.registerInstance(new InstanceRegistration("first", "127.0.0.1", 9));
            until("the change", () -> told.stream().anyMatch(update -> update.type().equals("change") && "first".equals(update.instanceId())));
            first.close();
            until("the loss", () -> updates.state() != Subscription.State.OPEN);
            try (ManagerProcess second = ManagerProcess.serve(folder, port)) {
                client.registerInstance(new InstanceRegistration("second", "127.0.0.1", 9));
                until("what happened meanwhile", () -> told.stream().anyMatch(update -> update.type().equals("journal") && "second".equals(update.instanceId())));
                updates.close();
                updates.ended().get(20, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void updatesThatAreRefusedEnd() {
        try (Subscription updates = client.subscribeToUpdates(update -> { }, InstanceFilter.any(), "nonsense")) {
            // An id that cannot be read is a place nobody was at: the snapshot comes anew.
            until("open", () -> updates.state() == Subscription.State.OPEN);
        }
        PeeGeeQServiceManagerClient elsewhere = PeeGeeQServiceManagerClient.create(manager.url() + "/nowhere");
        try (Subscription updates = elsewhere.subscribeToUpdates(update -> { })) {
            ExecutionException why = assertThrows(ExecutionException.class, () -> updates.ended().get(20, TimeUnit.SECONDS));
            assertEquals(404, ((ServiceManagerException) why.getCause()).status());
        }
    }
}
