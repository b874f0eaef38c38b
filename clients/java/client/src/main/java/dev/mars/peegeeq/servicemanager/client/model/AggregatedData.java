package dev.mars.peegeeq.servicemanager.client.model;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/**
 * Totals over all instances. Databases that several instances show count once.
 *
 * @param totalInstances instances that answered
 * @param totalQueues queues
 * @param totalMessages messages
 * @param totalConsumerGroups consumer groups
 * @param totalConsumers active consumers
 * @param totalEventStores event stores
 * @param activeConnections connections to the databases
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record AggregatedData(
        Integer totalInstances,
        Long totalQueues,
        Long totalMessages,
        Long totalConsumerGroups,
        Long totalConsumers,
        Long totalEventStores,
        Long activeConnections) {
}
