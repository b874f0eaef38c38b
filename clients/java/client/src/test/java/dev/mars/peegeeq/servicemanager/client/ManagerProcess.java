package dev.mars.peegeeq.servicemanager.client;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A real manager for tests: started on a free port, stopped at the end. */
public final class ManagerProcess implements AutoCloseable {
    private final Process process;
    private final String url;

    private ManagerProcess(List<String> words, Path folder, int port) throws IOException {
        List<String> command = new ArrayList<>(List.of(program()));
        command.addAll(words);
        command.add("-Dservice.port=" + port);
        Path log = folder.resolve("manager.log");
        process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        url = "http://127.0.0.1:" + port;
        PeeGeeQServiceManagerClient client = PeeGeeQServiceManagerClient.builder().baseUrl(url).retries(0).build();
        until("the manager answering", () -> {
            if (!process.isAlive()) {
                throw new AssertionError("the manager did not start, see " + log);
            }
            try {
                return client.isReady();
            } catch (ServiceManagerException error) {
                return false;
            }
        });
    }

    private static String program() {
        String named = System.getenv("PEEGEEQ_SERVICE_MANAGER");
        return named != null ? named : Path.of(System.getProperty("peegeeq.root"), "target/debug/peegeeq-service-manager").toAbsolutePath().toString();
    }

    /** With three simulated instances. */
    public static ManagerProcess demo() throws IOException {
        return new ManagerProcess(List.of("demo"), Files.createTempDirectory("peegeeq-java"), freePort());
    }

    public static ManagerProcess serve(Path folder, int port, String... options) throws IOException {
        List<String> words = new ArrayList<>(List.of("serve", "-Ddata.dir=" + folder.resolve("data")));
        words.addAll(List.of(options));
        return new ManagerProcess(words, folder, port);
    }

    public static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Waits for a state; fails loudly when it never comes. */
    public static void until(String what, Supplier<Boolean> check) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!check.get()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never seen: " + what);
            }
            try {
                Thread.sleep(20);
            } catch (InterruptedException error) {
                throw new AssertionError("interrupted", error);
            }
        }
    }

    public String url() {
        return url;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
