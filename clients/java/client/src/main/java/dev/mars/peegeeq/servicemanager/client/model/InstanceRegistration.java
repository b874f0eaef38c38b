package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;

import java.util.Map;

/**
 * What is registered. Null fields are not sent.
 *
 * @param instanceId its id, 1 to 128 characters
 * @param host name or address
 * @param port port
 * @param version for people
 * @param environment label for filters, {@code default} when null
 * @param region label for filters, {@code default} when null
 * @param metadata further labels
 * @param scheme {@code http} (when null) or {@code https}
 * @param weight its share of requests
 * @param healthPath where its health is asked for, {@code /health} when null
 * @param presence {@code starting}, {@code serving} (when null) or {@code stopping}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record InstanceRegistration(
        String instanceId, String host, Integer port, String version, String environment, String region, Map<String, String> metadata,
        String scheme, Integer weight, String healthPath, String presence) {

    /** Only what must be said. */
    public InstanceRegistration(String instanceId, String host, int port) {
        this(instanceId, host, port, null, null, null, null, null, null, null, null);
    }

    /** The same in an environment and a region. */
    public InstanceRegistration in(String environment, String region) {
        return new InstanceRegistration(instanceId, host, port, version, environment, region, metadata, scheme, weight, healthPath, presence);
    }

    /** The same with labels. */
    public InstanceRegistration withMetadata(Map<String, String> metadata) {
        return new InstanceRegistration(instanceId, host, port, version, environment, region, Map.copyOf(metadata), scheme, weight, healthPath, presence);
    }

    /** The same with a presence. */
    public InstanceRegistration withPresence(String presence) {
        return new InstanceRegistration(instanceId, host, port, version, environment, region, metadata, scheme, weight, healthPath, presence);
    }
}
