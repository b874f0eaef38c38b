package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;

/**
 * How the manager is.
 *
 * @param status {@code UP}
 * @param service its name
 * @param consul {@code connected}, {@code disconnected} or {@code disabled}
 * @param degraded what is not as it should be
 * @param timestamp milliseconds since 1970
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ServiceHealth(
        String status,
        String service,
        String consul,
        List<String> degraded,
        Long timestamp) {
}
