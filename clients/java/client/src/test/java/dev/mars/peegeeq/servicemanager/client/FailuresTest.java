package dev.mars.peegeeq.servicemanager.client;

import dev.mars.peegeeq.servicemanager.client.ServiceManagerException.Kind;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;

import static dev.mars.peegeeq.servicemanager.client.Serving.HANG_UP;
import static dev.mars.peegeeq.servicemanager.client.Serving.SILENCE;
import static dev.mars.peegeeq.servicemanager.client.Serving.answer;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Time limits, repetitions and refusals, against servers that misbehave on purpose. */
class FailuresTest {
    private static final Serving.Turn EMPTY = answer(200, "{\"count\":0,\"instances\":[]}");

    private static PeeGeeQServiceManagerClient client(Serving server) {
        return PeeGeeQServiceManagerClient.create(server.url());
    }

    private static ServiceManagerException fails(Runnable call) {
        return assertThrows(ServiceManagerException.class, call::run);
    }

    @Test
    void whatChangesNothingIsSentAgain() throws Exception {
        try (Serving broken = new Serving(HANG_UP, HANG_UP, EMPTY); Serving busy = new Serving(answer(503, "{\"error\":\"full\"}", "Retry-After", "0"), EMPTY)) {
            assertEquals(0, client(broken).getAllInstances().count());
            assertTrue(broken.seen.size() >= 3);
            assertEquals(0, client(busy).getAllInstances().count());
            assertEquals(2, busy.seen.size());
        }
    }

    @Test
    void aPlainRefusalStands() throws Exception {
        try (Serving server = new Serving(answer(503, "{\"error\":\"No healthy instances available\",\"instanceCount\":0}"))) {
            ServiceManagerException failure = fails(() -> client(server).getFederatedOverview());
            assertEquals("HTTP 503: No healthy instances available", failure.getMessage());
            assertEquals(0, failure.number("instanceCount"));
            assertEquals(1, server.seen.size());
        }
    }

    @Test
    void whatChangesSomethingIsSentOnceAndItsOutcomeIsUnknown() throws Exception {
        try (Serving server = new Serving(HANG_UP)) {
            ServiceManagerException failure = fails(() -> client(server).deregisterInstance("a"));
            assertEquals(Kind.UNREACHABLE, failure.kind());
            assertTrue(failure.isOutcomeUnknown());
            assertEquals(1, server.seen.size());
        }
    }

    @Test
    void aCallEndsInTimeAlsoWhileABodyTrickles() throws Exception {
        Serving.Turn trickle = exchange -> {
            exchange.sendResponseHeaders(200, 0);
            while (true) {
                exchange.getResponseBody().write(' ');
                exchange.getResponseBody().flush();
                Thread.sleep(10);
            }
        };
        for (Serving.Turn turn : List.of(SILENCE, trickle)) {
            try (Serving server = new Serving(turn)) {
                PeeGeeQServiceManagerClient client = PeeGeeQServiceManagerClient.builder().baseUrl(server.url()).timeout(Duration.ofMillis(200)).build();
                assertEquals(Kind.TIMEOUT, fails(client::getAllInstances).kind());
            }
        }
    }

    @Test
    void answersThatAreNoneAreToldApart() throws Exception {
        try (Serving page = new Serving(answer(200, "<html>")); Serving proxy = new Serving(answer(502, "<html>"))) {
            assertEquals(Kind.UNREADABLE, fails(() -> client(page).getAllInstances()).kind());
            ServiceManagerException failure = fails(() -> client(proxy).getAllInstances());
            assertEquals(Kind.UNREADABLE, failure.kind());
            assertEquals(502, failure.status());
        }
        PeeGeeQServiceManagerClient nobody = PeeGeeQServiceManagerClient.builder().baseUrl("http://127.0.0.1:" + ManagerProcess.freePort()).retries(0).build();
        ServiceManagerException failure = fails(nobody::getAllInstances);
        assertEquals(Kind.UNREACHABLE, failure.kind());
        assertFalse(failure.isOutcomeUnknown());
    }

    @Test
    void tokensAndParametersUnderAPathOfAProxy() throws Exception {
        Iterator<String> tokens = List.of("t1", "t2").iterator();
        try (Serving server = new Serving(EMPTY)) {
            PeeGeeQServiceManagerClient client = PeeGeeQServiceManagerClient.builder().baseUrl(server.url() + "/peegeeq/").token(tokens::next).build();
            client.getAllInstances(InstanceFilter.any().environment("a&b").page(2, 10));
            client.getAllInstances();
            assertEquals("GET /peegeeq/api/v1/instances?environment=a%26b&page=2&pageSize=10", server.seen.get(0).line());
            assertEquals(List.of("Bearer t1", "Bearer t2"), server.seen.stream().map(Serving.Seen::bearer).toList());
        }
    }
}
