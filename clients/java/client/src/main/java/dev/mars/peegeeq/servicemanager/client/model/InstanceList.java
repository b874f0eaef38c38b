package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

import java.util.List;

/**
 * Instances, and how many there are.
 *
 * @param count instances in this answer
 * @param totalInstances instances registered
 * @param instances the instances
 * @param timestamp ISO 8601
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record InstanceList(
        int count,
        Integer totalInstances,
        List<Instance> instances,
        String timestamp) {
}
