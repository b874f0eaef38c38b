package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;
import java.util.Map;

/**
 * Metrics of the instances as one.
 *
 * @param message a sentence
 * @param instanceCount instances asked
 * @param metrics figures by group
 * @param complete whether nothing is missing
 * @param sources who was asked, and what came of it
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record FederatedMetrics(
        String message,
        int instanceCount,
        Map<String, Object> metrics,
        Boolean complete,
        List<Map<String, Object>> sources,
        String timestamp) {
}
