package dev.mars.peegeeq.servicemanager.spring.boot3;

import dev.mars.peegeeq.servicemanager.client.PeeGeeQServiceManagerClient;
import dev.mars.peegeeq.servicemanager.spring.PeeGeeQServiceManagerAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/** Shows how the manager is among the application's own health, where the application has the actuator. */
@AutoConfiguration(after = PeeGeeQServiceManagerAutoConfiguration.class)
@ConditionalOnClass(name = "org.springframework.boot.actuate.health.HealthIndicator")
public class PeeGeeQServiceManagerHealthAutoConfiguration {
    @Bean
    @ConditionalOnBean(PeeGeeQServiceManagerClient.class)
    @ConditionalOnMissingBean
    @ConditionalOnProperty(name = "management.health.peegeeq-service-manager.enabled", matchIfMissing = true)
    ServiceManagerHealthIndicator peegeeqServiceManagerHealthIndicator(PeeGeeQServiceManagerClient client) {
        return new ServiceManagerHealthIndicator(client);
    }
}
