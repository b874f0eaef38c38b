package dev.mars.peegeeq.servicemanager.spring.boot4;

import dev.mars.peegeeq.servicemanager.client.PeeGeeQServiceManagerClient;
import dev.mars.peegeeq.servicemanager.client.model.ServiceHealth;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Up when the manager answers and says so. */
public final class ServiceManagerHealthIndicator extends AbstractHealthIndicator {
    private final PeeGeeQServiceManagerClient client;

    public ServiceManagerHealthIndicator(PeeGeeQServiceManagerClient client) {
        super("the PeeGeeQ Service Manager does not answer");
        this.client = client;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        ServiceHealth health = client.getServiceHealth();
        builder.status("UP".equals(health.status()) ? "UP" : "DOWN");
        builder.withDetail("consul", String.valueOf(health.consul()));
        if (health.degraded() != null && !health.degraded().isEmpty()) {
            builder.withDetail("degraded", health.degraded());
        }
    }
}
