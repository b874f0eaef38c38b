package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.Map;

/**
 * What a probe found.
 *
 * @param instanceId the id
 * @param successful whether it answered well
 * @param healthy the same in another word
 * @param status state of the instance
 * @param responseTimeMs milliseconds
 * @param healthData what it said of itself
 * @param errorMessage what went wrong
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record HealthCheck(
        String instanceId,
        boolean successful,
        Boolean healthy,
        String status,
        Long responseTimeMs,
        Map<String, Object> healthData,
        String errorMessage,
        String timestamp) {
}
