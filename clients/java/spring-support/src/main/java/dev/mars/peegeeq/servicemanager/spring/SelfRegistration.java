package dev.mars.peegeeq.servicemanager.spring;

import dev.mars.peegeeq.servicemanager.client.PeeGeeQServiceManagerClient;
import dev.mars.peegeeq.servicemanager.client.ServiceManagerException;
import dev.mars.peegeeq.servicemanager.client.model.InstanceRegistration;
import dev.mars.peegeeq.servicemanager.client.model.InstanceUpdate;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.env.Environment;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Registers this process once its web server listens, makes sure that the manager goes on knowing it, and signs it off at the end: first
 * {@code stopping}, so that nothing new is sent here, then out of the registry. A manager that is away never stops the application.
 */
public final class SelfRegistration implements SmartLifecycle {
    /** After the web server at start, before it at stop. */
    private static final int PHASE = Integer.MAX_VALUE - 1024;
    private static final Log LOG = LogFactory.getLog(SelfRegistration.class);

    private final PeeGeeQServiceManagerClient client;
    private final PeeGeeQServiceManagerProperties.Registration said;
    private final Environment environment;
    private ScheduledExecutorService clock;
    private volatile InstanceRegistration registration;
    private volatile boolean isKnown;

    public SelfRegistration(PeeGeeQServiceManagerClient client, PeeGeeQServiceManagerProperties.Registration said, Environment environment) {
        this.client = client;
        this.said = said;
        this.environment = environment;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    @Override
    public synchronized void start() {
        registration = registration();
        clock = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "peegeeq-registration");
            thread.setDaemon(true);
            return thread;
        });
        clock.scheduleWithFixedDelay(this::makeSure, 0, said.interval().toMillis(), TimeUnit.MILLISECONDS);
    }

    private void makeSure() {
        try {
            if (!isKnown || !knows()) {
                client.registerInstance(registration);
                isKnown = true;
                LOG.info("registered as " + registration.instanceId() + " with the PeeGeeQ Service Manager");
            }
        } catch (RuntimeException error) {
            LOG.warn("the PeeGeeQ Service Manager does not know this process yet, trying again in " + said.interval().toMillis() + " ms: " + error.getMessage());
        }
    }

    private boolean knows() {
        try {
            client.getInstance(registration.instanceId());
            return true;
        } catch (ServiceManagerException error) {
            if (error.status() == 404 || error.status() == 410) {
                return false;
            }
            throw error;
        }
    }

    @Override
    public synchronized void stop() {
        clock.shutdownNow();
        clock = null;
        try {
            client.updateInstance(registration.instanceId(), InstanceUpdate.presence("stopping"));
            client.deregisterInstance(registration.instanceId());
        } catch (RuntimeException error) {
            LOG.warn("this process could not sign off from the PeeGeeQ Service Manager: " + error.getMessage());
        }
        isKnown = false;
    }

    @Override
    public synchronized boolean isRunning() {
        return clock != null;
    }

    private InstanceRegistration registration() {
        Integer port = said.port() != null ? said.port() : environment.getProperty("local.server.port", Integer.class);
        if (port == null) {
            throw new IllegalStateException("peegeeq.service-manager.registration.port must be said: this application has no web server");
        }
        String id = said.instanceId() != null ? said.instanceId() : environment.getProperty("spring.application.name", "application") + "-" + port;
        return new InstanceRegistration(id, said.host() != null ? said.host() : ownName(), port, said.version(), said.environment(), said.region(),
                said.metadata(), said.scheme(), said.weight(), said.healthPath(), null);
    }

    private static String ownName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException error) {
            return "localhost";
        }
    }
}
