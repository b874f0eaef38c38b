package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;
import java.util.Map;

/**
 * Entries of the journal.
 *
 * @param events the entries
 * @param next where the next page begins; null at the end
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record EventsPage(
        List<Map<String, Object>> events,
        String next) {
}
