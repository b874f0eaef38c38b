package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.Map;

/**
 * An instance as the manager sees it.
 *
 * @param instanceId its id
 * @param host name or address
 * @param port port
 * @param scheme {@code http} or {@code https}
 * @param version as registered
 * @param environment as registered
 * @param region as registered
 * @param healthy whether the last word of its probes is good
 * @param status {@code healthy}, {@code unhealthy}, {@code unknown}, {@code starting} or {@code stopping}
 * @param statusReason why, where there is something to say
 * @param presence what is ordered: {@code serving}, {@code draining}, {@code maintenance}, …
 * @param weight its share of requests
 * @param revision counts changes of its registration
 * @param registeredAt ISO 8601
 * @param lastHealthCheck ISO 8601; null before the first
 * @param metadata labels
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Instance(
        String instanceId,
        String host,
        int port,
        String scheme,
        String version,
        String environment,
        String region,
        boolean healthy,
        String status,
        String statusReason,
        String presence,
        Integer weight,
        Long revision,
        String registeredAt,
        String lastHealthCheck,
        Map<String, String> metadata) {
    /** Where it answers. */
    public java.net.URI baseUri() {
        String name = host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
        return java.net.URI.create((scheme == null ? "http" : scheme) + "://" + name + ":" + port);
    }
}
