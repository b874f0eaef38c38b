package dev.mars.peegeeq.servicemanager.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Answers the n-th request with the n-th turn, the last one ever after. */
final class Serving implements AutoCloseable {
    interface Turn {
        void take(HttpExchange exchange) throws IOException, InterruptedException;
    }

    record Seen(String line, String body, String bearer) {}

    final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    Serving(Turn... turns) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            seen.add(new Seen(exchange.getRequestMethod() + " " + exchange.getRequestURI(), body, exchange.getRequestHeaders().getFirst("Authorization")));
            try {
                turns[Math.min(seen.size(), turns.length) - 1].take(exchange);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        });
        server.start();
    }

    static Turn answer(int status, String body, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            byte[] content = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, content.length);
            exchange.getResponseBody().write(content);
        };
    }

    /** Closes the connection without an answer. */
    static final Turn HANG_UP = exchange -> { };
    static final Turn SILENCE = exchange -> Thread.sleep(20_000);

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
        threads.shutdownNow();
        server.stop(0);
    }
}
