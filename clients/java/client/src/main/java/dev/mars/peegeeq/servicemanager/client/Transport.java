package dev.mars.peegeeq.servicemanager.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mars.peegeeq.servicemanager.client.ServiceManagerException.Kind;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** One call: its address, credentials, time limit, and whether it is sent again. Knows no endpoint. */
final class Transport {
    private static final long FIRST_WAIT_MS = 100;
    /** A longer wait is the caller's to decide. */
    private static final long LONGEST_WAIT_S = 5;

    final ObjectMapper json = JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    final String baseUrl;
    final HttpClient http;
    private final Duration timeout;
    private final int retries;
    private final Supplier<String> token;
    private final Map<String, String> headers;

    Transport(String baseUrl, HttpClient http, Duration timeout, int retries, Supplier<String> token, Map<String, String> headers) {
        this.baseUrl = baseUrl.replaceAll("/+$", "");
        this.http = http;
        this.timeout = timeout;
        this.retries = retries;
        this.token = token;
        this.headers = Map.copyOf(headers);
    }

    static String segment(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A path with those parameters that are not null. */
    static String with(String path, Map<String, ?> query) {
        String said = query.entrySet().stream()
                .filter(entry -> entry.getValue() != null)
                .map(entry -> segment(entry.getKey()) + "=" + segment(String.valueOf(entry.getValue())))
                .collect(Collectors.joining("&"));
        return said.isEmpty() ? path : path + "?" + said;
    }

    HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(baseUrl + path));
        headers.forEach(request::setHeader);
        String bearer = token.get();
        if (bearer != null && !bearer.isEmpty()) {
            request.setHeader("Authorization", "Bearer " + bearer);
        }
        return request;
    }

    <T> T call(String method, String path, Object body, JavaType type, Set<Integer> accepted) {
        byte[] content = send(method, path, body, "application/json", accepted);
        try {
            return json.readValue(content, type);
        } catch (IOException error) {
            throw new ServiceManagerException(Kind.UNREADABLE, "the answer to " + path + " cannot be read: " + error.getMessage(), error, false);
        }
    }

    byte[] send(String method, String path, Object body, String accept, Set<Integer> accepted) {
        long deadline = System.nanoTime() + timeout.toNanos();
        int repetitions = method.equals("GET") ? retries : 0;
        for (int number = 0; ; number++) {
            try {
                return once(method, path, body, accept, accepted, deadline);
            } catch (ServiceManagerException failure) {
                long wait = number < repetitions ? waitBefore(number, failure) : -1;
                if (wait < 0 || System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wait) >= deadline) {
                    throw failure;
                }
                rest(wait, failure);
            }
        }
    }

    private byte[] once(String method, String path, Object body, String accept, Set<Integer> accepted, long deadline) {
        HttpRequest.Builder request = request(path).setHeader("Accept", accept);
        if (body == null) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.setHeader("Content-Type", "application/json").method(method, HttpRequest.BodyPublishers.ofByteArray(written(body)));
        }
        HttpResponse<byte[]> answer = await(http.sendAsync(request.build(), BodyHandlers.ofByteArray()), method, deadline);
        if (answer.statusCode() / 100 != 2 && !accepted.contains(answer.statusCode())) {
            throw refusal(answer.statusCode(), answer.body(), answer.headers().firstValue("Retry-After").orElse(""));
        }
        return answer.body();
    }

    private byte[] written(Object body) {
        try {
            return json.writeValueAsBytes(body);
        } catch (JsonProcessingException error) {
            throw new IllegalArgumentException("this cannot be written as JSON: " + error.getOriginalMessage(), error);
        }
    }

    /** The time limit covers the body too, which {@link HttpRequest.Builder#timeout} does not. */
    private <T> T await(CompletableFuture<T> answer, String method, long deadline) {
        boolean mayHaveActed = !method.equals("GET");
        try {
            return answer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException error) {
            answer.cancel(true);
            throw new ServiceManagerException(Kind.TIMEOUT, "no answer of " + baseUrl + " within " + timeout.toMillis() + " ms", error, mayHaveActed);
        } catch (InterruptedException error) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw new ServiceManagerException(Kind.UNREACHABLE, "interrupted while waiting for " + baseUrl, error, mayHaveActed);
        } catch (ExecutionException error) {
            throw new ServiceManagerException(Kind.UNREACHABLE, "cannot reach the manager at " + baseUrl + ": " + reason(error.getCause()), error.getCause(), mayHaveActed);
        }
    }

    static String reason(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null) {
                return cause.getMessage();
            }
        }
        return error.getClass().getSimpleName();
    }

    ServiceManagerException refusal(int status, byte[] content, String retryAfter) {
        JsonNode body;
        try {
            body = json.readTree(content);
        } catch (IOException error) {
            body = null;
        }
        return new ServiceManagerException(status, body, retryAfter.matches("\\d{1,9}") ? Long.parseLong(retryAfter) : -1);
    }

    /** Milliseconds before the next try; negative: none. */
    private static long waitBefore(int number, ServiceManagerException failure) {
        if (failure.kind() == Kind.UNREACHABLE && !Thread.currentThread().isInterrupted()) {
            return (long) ((FIRST_WAIT_MS << Math.min(number, 5)) * ThreadLocalRandom.current().nextDouble(0.5, 1));
        }
        boolean invited = failure.status() == 429 || failure.status() == 503;
        long seconds = failure.retryAfterSeconds();
        return invited && seconds >= 0 && seconds <= LONGEST_WAIT_S ? seconds * 1000 : -1;
    }

    private static void rest(long millis, ServiceManagerException failure) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw failure;
        }
    }
}
