package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;

/**
 * What became of a registration.
 *
 * @param message a sentence
 * @param instanceId the id, as registered
 * @param status {@code registered}
 * @param ignoredFields fields that mean nothing: a typo, perhaps
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RegistrationResult(
        String message,
        String instanceId,
        String status,
        List<String> ignoredFields,
        String timestamp) {
}
