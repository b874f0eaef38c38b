package dev.mars.peegeeq.servicemanager.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mars.peegeeq.servicemanager.client.ServiceManagerException.Kind;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Live updates on a thread of their own, until closed or refused for good. Taken up again where a connection broke. */
public final class Subscription implements AutoCloseable {
    /** How it stands. */
    public enum State { CONNECTING, OPEN, WAITING, ENDED }

    /** A stream that is silent for so long is taken for dead: the manager says something every 15 seconds. */
    private static final long SILENCE_MS = 45_000;
    private static final long FIRST_WAIT_MS = 500;
    private static final long LONGEST_WAIT_MS = 15_000;
    private static final int EVENT_MAX = 64 * 1024 * 1024;

    private final Transport transport;
    private final Map<String, ?> query;
    private final Consumer<Update> listener;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile State state = State.CONNECTING;
    private volatile String lastId;
    private volatile InputStream open;
    private volatile long heardAt = System.nanoTime();

    Subscription(Transport transport, Map<String, ?> query, String since, Consumer<Update> listener) {
        this.transport = transport;
        this.query = query;
        this.lastId = since;
        this.listener = listener;
        start("peegeeq-updates", this::run);
        start("peegeeq-updates-watch", this::watch);
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    public State state() {
        return state;
    }

    /** The id of the last update; null before the first. */
    public String lastId() {
        return lastId;
    }

    /** Completes when it is over: normally after {@link #close}, with the reason when it was refused for good. */
    public CompletableFuture<Void> ended() {
        return ended.copy();
    }

    @Override
    public void close() {
        closing.countDown();
        hangUp();
    }

    private boolean isClosing() {
        return closing.getCount() == 0;
    }

    private void hangUp() {
        InputStream stream = open;
        if (stream != null) {
            try {
                stream.close();
            } catch (IOException error) {
                // It is gone, which is what was wanted.
            }
        }
    }

    private void run() {
        try {
            for (int failures = 0; !isClosing(); failures++) {
                state = State.CONNECTING;
                String before = lastId;
                ServiceManagerException why = listen();
                if (why != null && isFinal(why)) {
                    ended.completeExceptionally(why);
                    return;
                }
                failures = before != null && !before.equals(lastId) ? 0 : failures;
                state = State.WAITING;
                pause(failures, why);
            }
        } finally {
            state = State.ENDED;
            ended.complete(null);
        }
    }

    private void pause(int failures, ServiceManagerException why) {
        long wait = (long) (Math.min(FIRST_WAIT_MS << Math.min(failures, 10), LONGEST_WAIT_MS) * ThreadLocalRandom.current().nextDouble(0.5, 1));
        try {
            closing.await(Math.max(wait, why == null ? 0 : why.retryAfterSeconds() * 1000), TimeUnit.MILLISECONDS);
        } catch (InterruptedException error) {
            closing.countDown();
        }
    }

    /** Follows one connection to its end; gives why it ended, null when the manager ended it. */
    private ServiceManagerException listen() {
        try {
            HttpRequest.Builder request = transport.request(Transport.with("/api/v1/updates", query)).setHeader("Accept", "text/event-stream");
            if (lastId != null) {
                request.setHeader("Last-Event-ID", lastId);
            }
            heardAt = System.nanoTime();
            HttpResponse<InputStream> answer = transport.http.send(request.build(), BodyHandlers.ofInputStream());
            try (InputStream stream = answer.body()) {
                open = stream;
                if (answer.statusCode() != 200) {
                    return transport.refusal(answer.statusCode(), stream.readNBytes(65_536), answer.headers().firstValue("Retry-After").orElse(""));
                }
                state = State.OPEN;
                if (!isClosing()) {
                    read(new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8)));
                }
            }
            return null;
        } catch (IOException error) {
            return new ServiceManagerException(Kind.UNREACHABLE, "the stream of updates broke: " + Transport.reason(error), error, false);
        } catch (InterruptedException error) {
            closing.countDown();
            return null;
        } finally {
            open = null;
        }
    }

    private void read(BufferedReader lines) throws IOException {
        String type = "message";
        String id = "";
        StringBuilder data = new StringBuilder();
        for (String line = lines.readLine(); line != null && !isClosing(); line = lines.readLine()) {
            heardAt = System.nanoTime();
            int colon = line.indexOf(':');
            String field = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1).replaceFirst("^ ", "");
            switch (field) {
                case "event" -> type = value;
                case "id" -> id = value;
                case "data" -> append(data, value);
                default -> {
                    if (line.isEmpty() && !data.isEmpty()) {
                        deliver(type, id, data.toString());
                        data.setLength(0);
                        type = "message";
                    }
                }
            }
        }
    }

    private static void append(StringBuilder data, String value) throws IOException {
        if (data.length() + value.length() > EVENT_MAX) {
            throw new IOException("an event is larger than any the manager sends");
        }
        data.append(data.isEmpty() ? "" : "\n").append(value);
    }

    private void deliver(String type, String id, String data) throws IOException {
        JsonNode fields = transport.json.readTree(data);
        lastId = id.isEmpty() ? lastId : id;
        try {
            listener.accept(new Update(type, id, fields, transport.json));
        } catch (RuntimeException error) {
            // A listener that fails must not end the stream for itself; whoever looks at uncaught exceptions sees it.
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, error);
        }
    }

    /** Hangs up a connection that says nothing any more. */
    private void watch() {
        try {
            while (!closing.await(1, TimeUnit.SECONDS) && state != State.ENDED) {
                if (TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - heardAt) > SILENCE_MS) {
                    hangUp();
                }
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** What another try cannot change: a wrong parameter, a missing token, a manager without updates. */
    private static boolean isFinal(ServiceManagerException why) {
        return why.status() >= 400 && why.status() < 500 && why.status() != 408 && why.status() != 429;
    }
}
