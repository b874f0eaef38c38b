package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * An operator's order.
 *
 * @param reason why
 * @param forHow how long, such as {@code 30m}
 * @param until until when, ISO 8601, instead of how long
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record InstanceOrder(String reason, @JsonProperty("for") String forHow, String until) {
    public static InstanceOrder because(String reason) {
        return new InstanceOrder(reason, null, null);
    }
}
