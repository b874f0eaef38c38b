package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonInclude;

import java.util.Map;

/**
 * What changes; null stays as it is.
 *
 * @param metadata labels, all of them
 * @param weight its share of requests
 * @param presence what it says of itself
 * @param revision refused with 409 unless this is the registration's revision
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record InstanceUpdate(Map<String, String> metadata, Integer weight, String presence, Long revision) {
    public static InstanceUpdate weight(int weight) {
        return new InstanceUpdate(null, weight, null, null);
    }

    public static InstanceUpdate presence(String presence) {
        return new InstanceUpdate(null, null, presence, null);
    }
}
