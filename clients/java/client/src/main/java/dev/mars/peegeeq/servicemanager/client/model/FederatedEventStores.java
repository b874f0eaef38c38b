package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;
import java.util.Map;

/**
 * Event stores by name.
 *
 * @param message a sentence
 * @param instanceCount instances asked
 * @param eventStores the rows, as the manager sends them
 * @param complete whether nothing is missing
 * @param sources who was asked, and what came of it
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record FederatedEventStores(
        String message,
        int instanceCount,
        List<Map<String, Object>> eventStores,
        Boolean complete,
        List<Map<String, Object>> sources,
        String timestamp) {
}
