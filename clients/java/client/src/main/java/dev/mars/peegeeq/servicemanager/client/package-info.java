/** Client of the PeeGeeQ Service Manager on {@code java.net.http}. Begin with {@link dev.mars.peegeeq.servicemanager.client.PeeGeeQServiceManagerClient}. */
package dev.mars.peegeeq.servicemanager.client;
