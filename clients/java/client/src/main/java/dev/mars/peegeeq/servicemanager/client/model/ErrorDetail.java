package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * One thing that is wrong with a request.
 *
 * @param field which field
 * @param message what is wrong
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ErrorDetail(
        String field,
        String message) {
}
