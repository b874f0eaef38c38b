package dev.mars.peegeeq.servicemanager.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mars.peegeeq.servicemanager.client.model.InstanceRegistration;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** The golden files of contract/, which every client reads: what the guide writes is sent so, and what it answers is understood. */
class ContractTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private record Call(String line, Function<PeeGeeQServiceManagerClient, Object> ask, List<String> files) {}

    private static JsonNode golden(String name) throws IOException {
        JsonNode value = JSON.readTree(Path.of(System.getProperty("peegeeq.root"), "contract", name + ".json").toFile());
        return name.startsWith("original/") ? value.path("body") : value;
    }

    private static final String ONE = "/api/v1/instances/peegeeq-prod-01";

    private static List<Call> calls() {
        return List.of(
                new Call("GET /api/v1/instances", c -> c.getAllInstances(), List.of("guide/list", "original/list")),
                new Call("GET /api/v1/instances?environment=production&status=healthy",
                        c -> c.getAllInstances(InstanceFilter.any().environment("production").status("healthy")), List.of("guide/list-filtered")),
                new Call("GET " + ONE, c -> c.getInstance("peegeeq-prod-01"), List.of("guide/read")),
                new Call("DELETE " + ONE + "/deregister", c -> c.deregisterInstance("peegeeq-prod-01"), List.of("guide/deregister", "original/deregister")),
                new Call("GET " + ONE + "/health", c -> c.checkInstanceHealth("peegeeq-prod-01"), List.of("guide/check", "guide/check-unhealthy")),
                new Call("GET /api/v1/federation/overview", c -> c.getFederatedOverview(), List.of("guide/federation-overview", "original/federated-overview")),
                new Call("GET /api/v1/federation/queues", c -> c.getFederatedQueues(), List.of("guide/federation-queues", "original/federated-queues")),
                new Call("GET /api/v1/federation/consumer-groups", c -> c.getFederatedConsumerGroups(), List.of("guide/federation-consumer-groups")),
                new Call("GET /api/v1/federation/event-stores", c -> c.getFederatedEventStores(), List.of("guide/federation-event-stores")),
                new Call("GET /api/v1/federation/metrics", c -> c.getFederatedMetrics(), List.of("guide/federation-metrics")),
                new Call("GET " + ONE + "/queues", c -> c.getInstanceQueues("peegeeq-prod-01"), List.of("original/instance-queues")),
                new Call("GET /health", c -> c.getServiceHealth(), List.of("guide/health", "original/health")));
    }

    @TestFactory
    List<DynamicTest> answers() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Call call : calls()) {
            for (String file : call.files()) {
                tests.add(DynamicTest.dynamicTest(call.line() + " · " + file, () -> check(call, golden(file))));
            }
        }
        return tests;
    }

    /** Whatever the client kept of an answer is what the answer said. */
    private static void check(Call call, JsonNode wanted) throws IOException {
        try (Serving server = new Serving(Serving.answer(200, wanted.toString()))) {
            JsonNode kept = JSON.valueToTree(call.ask().apply(PeeGeeQServiceManagerClient.create(server.url())));
            assertEquals(call.line(), server.seen.get(0).line());
            JsonNode inner = call.line().equals("GET " + ONE) ? wanted.path("instance") : wanted;
            int same = assertAgrees(kept, inner, "");
            assertEquals(true, same >= 3, "something was kept: " + kept);
        }
    }

    private static int assertAgrees(JsonNode kept, JsonNode said, String where) {
        int same = 0;
        for (Map.Entry<String, JsonNode> field : kept.properties()) {
            JsonNode there = said.path(field.getKey());
            if (field.getKey().equals("baseUri") || field.getValue().isNull()) {
                continue;
            }
            if (there.isMissingNode()) {
                assertEquals(true, field.getValue().isEmpty() && !field.getValue().isTextual() || !field.getValue().asBoolean(), where + field.getKey() + " was made up: " + field.getValue());
            } else if (there.isArray() && !there.isEmpty() && there.get(0).isObject()) {
                assertEquals(there.size(), field.getValue().size(), where + field.getKey());
                for (int i = 0; i < there.size(); i++) {
                    same += assertAgrees(field.getValue().get(i), there.get(i), where + field.getKey() + "[" + i + "].");
                }
            } else if (there.isObject()) {
                same += assertAgrees(field.getValue(), there, where + field.getKey() + ".");
            } else {
                assertEquals(there.asText(), field.getValue().asText(), where + field.getKey());
                same++;
            }
        }
        return same;
    }

    @Test
    void theRegistrationOfTheGuide() throws IOException {
        JsonNode wanted = golden("guide/register.request");
        try (Serving server = new Serving(Serving.answer(201, golden("guide/register").toString()))) {
            InstanceRegistration sent = JSON.treeToValue(wanted, InstanceRegistration.class);
            assertEquals("peegeeq-prod-01", PeeGeeQServiceManagerClient.create(server.url()).registerInstance(sent).instanceId());
            assertEquals("POST /api/v1/instances/register", server.seen.get(0).line());
            assertEquals(wanted, JSON.readTree(server.seen.get(0).body()));
        }
    }

    @Test
    void refusals() throws IOException {
        for (String name : List.of("guide/error", "guide/error-validation")) {
            JsonNode wanted = golden(name);
            try (Serving server = new Serving(Serving.answer(wanted.path("status").asInt(), wanted.toString()))) {
                PeeGeeQServiceManagerClient client = PeeGeeQServiceManagerClient.create(server.url());
                ServiceManagerException failure = assertThrows(ServiceManagerException.class, () -> client.getInstance("x"));
                assertEquals("HTTP " + wanted.path("status") + ": " + wanted.path("error").asText(), failure.getMessage());
                assertEquals(wanted.path("details").size(), failure.details().size());
            }
        }
    }
}
