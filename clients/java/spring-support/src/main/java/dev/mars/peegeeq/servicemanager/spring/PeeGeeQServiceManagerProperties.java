package dev.mars.peegeeq.servicemanager.spring;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * What an application says of its PeeGeeQ Service Manager.
 *
 * @param url Where the manager is.
 * @param timeout The most time that a call may take, repetitions included.
 * @param retries How often a call that changes nothing is sent again.
 * @param token A bearer token.
 * @param tokenFile A file with a bearer token, read again before each request.
 * @param registration Whether and as what this process registers itself.
 * @param discovery Which instances are picked for requests that name no particular one.
 */
@ConfigurationProperties("peegeeq.service-manager")
public record PeeGeeQServiceManagerProperties(
        @DefaultValue("http://localhost:9090") String url,
        @DefaultValue("10s") Duration timeout,
        @DefaultValue("2") int retries,
        String token,
        Path tokenFile,
        @DefaultValue Registration registration,
        @DefaultValue Discovery discovery) {

    /**
     * Whether and as what this process registers itself.
     *
     * @param enabled Whether it registers itself.
     * @param instanceId Its id; the application's name and port when nothing is said.
     * @param host Where it is reached; this machine's name when nothing is said.
     * @param port Where it is reached; the port of the web server when nothing is said.
     * @param scheme http or https.
     * @param version For people.
     * @param environment Label for filters.
     * @param region Label for filters.
     * @param weight Its share of requests.
     * @param healthPath Where the manager asks for its health.
     * @param metadata Further labels.
     * @param interval How often it is made sure that the manager still knows it.
     */
    public record Registration(
            @DefaultValue("false") boolean enabled,
            String instanceId,
            String host,
            Integer port,
            String scheme,
            String version,
            String environment,
            String region,
            Integer weight,
            String healthPath,
            Map<String, String> metadata,
            @DefaultValue("10s") Duration interval) {}

    /**
     * Which instances are picked for requests that name no particular one.
     *
     * @param host The host name in a request's address that stands for "an instance that is well".
     * @param environment Only instances of this environment.
     * @param region Only instances of this region.
     */
    public record Discovery(@DefaultValue("peegeeq-instance") String host, String environment, String region) {}
}
