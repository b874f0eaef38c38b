package dev.mars.peegeeq.servicemanager.spring.boot4;

import dev.mars.peegeeq.servicemanager.client.InstanceFilter;
import dev.mars.peegeeq.servicemanager.client.ManagerProcess;
import dev.mars.peegeeq.servicemanager.client.PeeGeeQServiceManagerClient;
import dev.mars.peegeeq.servicemanager.client.ServiceManagerException;
import dev.mars.peegeeq.servicemanager.client.model.FederatedOverview;
import dev.mars.peegeeq.servicemanager.client.model.Instance;
import dev.mars.peegeeq.servicemanager.client.model.InstanceRegistration;
import dev.mars.peegeeq.servicemanager.spring.InstanceInterceptor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.HttpServerErrorException;
import org.springframework.web.client.RestClient;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import static dev.mars.peegeeq.servicemanager.client.ManagerProcess.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** An application of Spring Boot 4 before a running manager: the guide's controller, its own registration, its health, and discovery. */
class StarterTest {
    private static ManagerProcess manager;
    private static PeeGeeQServiceManagerClient client;

    record ClusterStatus(FederatedOverview overview) {}

    @SpringBootConfiguration
    @EnableAutoConfiguration
    static class Application {
        @org.springframework.context.annotation.Bean
        PeeGeeQController controller() {
            return new PeeGeeQController();
        }
    }

    /** As the guide has it. */
    @RestController
    public static class PeeGeeQController {

        @Autowired
        private PeeGeeQServiceManagerClient serviceManager;

        @GetMapping("/cluster/status")
        public ResponseEntity<ClusterStatus> getClusterStatus() {
            FederatedOverview overview = serviceManager.getFederatedOverview();
            return ResponseEntity.ok(new ClusterStatus(overview));
        }

        @PostMapping("/instances")
        public ResponseEntity<String> registerInstance(@RequestBody InstanceRegistration request) {
            serviceManager.registerInstance(request);
            return ResponseEntity.ok("Instance registered successfully");
        }
    }

    @BeforeAll
    static void start() throws IOException {
        manager = ManagerProcess.demo();
        client = PeeGeeQServiceManagerClient.create(manager.url());
        until("three healthy instances", () -> client.getAllInstances(InstanceFilter.any().status("healthy")).count() == 3);
    }

    @AfterAll
    static void stop() {
        manager.close();
    }

    private static ConfigurableApplicationContext run(String... settings) {
        List<String> words = new ArrayList<>(List.of("--server.port=0", "--spring.main.banner-mode=off", "--management.endpoint.health.show-details=always"));
        for (String setting : settings) {
            words.add("--peegeeq.service-manager." + setting);
        }
        return SpringApplication.run(Application.class, words.toArray(String[]::new));
    }

    private static RestClient web(ConfigurableApplicationContext application) {
        return RestClient.create("http://127.0.0.1:" + application.getEnvironment().getProperty("local.server.port"));
    }

    @Test
    void theGuidesControllerWorks() {
        try (ConfigurableApplicationContext application = run("url=" + manager.url())) {
            String status = web(application).get().uri("/cluster/status").retrieve().body(String.class);
            assertTrue(status.contains("\"instanceCount\":3"), status);
            String body = "{\"instanceId\":\"from-guide\",\"host\":\"127.0.0.1\",\"port\":9,\"environment\":\"guide\",\"metadata\":{\"zone\":\"a\"}}";
            String said = web(application).post().uri("/instances").header("Content-Type", "application/json").body(body).retrieve().body(String.class);
            assertEquals("Instance registered successfully", said);
            assertEquals(Map.of("zone", "a"), client.getInstance("from-guide").metadata());
            client.deregisterInstance("from-guide");
        }
    }

    @Test
    void anApplicationRegistersItselfAndSignsOff() {
        String[] settings = {"url=" + manager.url(), "registration.enabled=true", "registration.instance-id=self", "registration.host=127.0.0.1",
            "registration.environment=self", "registration.health-path=/actuator/health", "registration.metadata.zone=a", "registration.interval=50ms"};
        try (ConfigurableApplicationContext application = run(settings)) {
            until("itself, healthy", () -> client.getAllInstances(InstanceFilter.any().environment("self").status("healthy")).count() == 1);
            Instance self = client.getInstance("self");
            assertEquals(application.getEnvironment().getProperty("local.server.port"), String.valueOf(self.port()));
            assertEquals(Map.of("zone", "a"), self.metadata());
            client.deregisterInstance("self");
            until("itself again", () -> client.getAllInstances(InstanceFilter.any().environment("self")).count() == 1);
        }
        assertEquals(404, assertThrows(ServiceManagerException.class, () -> client.getInstance("self")).status());
    }

    @Test
    void anApplicationStartsWithoutItsManager() throws IOException {
        String nobody = "url=http://127.0.0.1:" + ManagerProcess.freePort();
        try (ConfigurableApplicationContext application = run(nobody, "retries=0", "registration.enabled=true", "registration.interval=50ms")) {
            HttpServerErrorException down = assertThrows(HttpServerErrorException.class, () -> web(application).get().uri("/actuator/health").retrieve().body(String.class));
            assertTrue(down.getResponseBodyAsString().contains("cannot reach the manager"), down.getResponseBodyAsString());
        }
    }

    @Test
    void itsHealthShowsTheManager() {
        try (ConfigurableApplicationContext application = run("url=" + manager.url())) {
            String health = web(application).get().uri("/actuator/health").retrieve().body(String.class);
            assertTrue(health.contains("\"peegeeqServiceManager\":{\"details\":{\"consul\":\"disabled\"},\"status\":\"UP\"}")
                    || health.contains("\"peegeeqServiceManager\":{\"status\":\"UP\",\"details\":{\"consul\":\"disabled\"}}"), health);
        }
    }

    @Test
    void requestsGoToInstancesInTurn() {
        try (ConfigurableApplicationContext application = run("url=" + manager.url(), "discovery.environment=production")) {
            RestClient instances = RestClient.builder().requestInterceptor(application.getBean(InstanceInterceptor.class)).baseUrl("http://peegeeq-instance").build();
            Set<String> answers = new TreeSet<>();
            until("answers of several", () -> {
                answers.add(instances.get().uri("/api/v1/setups?x=a%20b").retrieve().body(String.class));
                return answers.size() >= client.getAllInstances(InstanceFilter.any().environment("production").status("healthy")).count();
            });
        }
    }
}
