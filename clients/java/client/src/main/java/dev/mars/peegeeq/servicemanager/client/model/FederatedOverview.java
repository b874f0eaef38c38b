package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;
import java.util.Map;

/**
 * The cluster in numbers. What nobody knows is null, never 0.
 *
 * @param message a sentence
 * @param instanceCount instances asked
 * @param aggregatedData totals
 * @param instanceDetails what each gave
 * @param complete whether nothing is missing
 * @param sources who was asked, and what came of it
 * @param failedInstances who gave nothing
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record FederatedOverview(
        String message,
        int instanceCount,
        AggregatedData aggregatedData,
        List<Map<String, Object>> instanceDetails,
        Boolean complete,
        List<Map<String, Object>> sources,
        List<Object> failedInstances,
        String timestamp) {
}
