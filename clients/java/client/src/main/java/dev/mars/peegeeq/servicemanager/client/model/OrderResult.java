package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * What became of an operator's order.
 *
 * @param message a sentence
 * @param instanceId the id
 * @param changed whether anything changed
 * @param presence what is ordered now
 * @param status the state that follows
 * @param revision counts changes of the registration
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record OrderResult(
        String message,
        String instanceId,
        boolean changed,
        String presence,
        String status,
        Long revision) {
}
