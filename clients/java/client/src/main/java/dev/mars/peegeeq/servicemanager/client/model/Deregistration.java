package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * What became of a deregistration.
 *
 * @param message a sentence
 * @param instanceId the id
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Deregistration(
        String message,
        String instanceId,
        String timestamp) {
}
