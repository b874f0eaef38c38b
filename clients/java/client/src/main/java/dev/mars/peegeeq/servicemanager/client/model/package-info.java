/** What is sent and answered. Fields that this version does not know are passed over; what the manager cannot know is null, never 0. */
package dev.mars.peegeeq.servicemanager.client.model;
