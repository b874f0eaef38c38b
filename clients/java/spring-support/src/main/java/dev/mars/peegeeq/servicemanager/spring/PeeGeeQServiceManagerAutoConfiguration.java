package dev.mars.peegeeq.servicemanager.spring;

import dev.mars.peegeeq.servicemanager.client.InstanceFilter;
import dev.mars.peegeeq.servicemanager.client.Instances;
import dev.mars.peegeeq.servicemanager.client.PeeGeeQServiceManagerClient;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Gives an application the client, and registers it when it says so. */
@AutoConfiguration
@EnableConfigurationProperties(PeeGeeQServiceManagerProperties.class)
public class PeeGeeQServiceManagerAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    PeeGeeQServiceManagerClient peegeeqServiceManagerClient(PeeGeeQServiceManagerProperties properties) {
        return PeeGeeQServiceManagerClient.builder()
                .baseUrl(properties.url())
                .timeout(properties.timeout())
                .retries(properties.retries())
                .token(token(properties))
                .build();
    }

    private static Supplier<String> token(PeeGeeQServiceManagerProperties properties) {
        Path file = properties.tokenFile();
        return file == null ? properties::token : () -> read(file);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException error) {
            throw new UncheckedIOException("peegeeq.service-manager.token-file cannot be read: " + error.getMessage(), error);
        }
    }

    @Bean
    @ConditionalOnMissingBean
    @ConditionalOnProperty("peegeeq.service-manager.registration.enabled")
    SelfRegistration peegeeqSelfRegistration(PeeGeeQServiceManagerClient client, PeeGeeQServiceManagerProperties properties, Environment environment) {
        return new SelfRegistration(client, properties.registration(), environment);
    }

    /** Followed only by an application that uses them. */
    @Bean(destroyMethod = "close")
    @Lazy
    @ConditionalOnMissingBean
    Instances peegeeqInstances(PeeGeeQServiceManagerClient client, PeeGeeQServiceManagerProperties properties) {
        InstanceFilter filter = InstanceFilter.any();
        if (properties.discovery().environment() != null) {
            filter.environment(properties.discovery().environment());
        }
        if (properties.discovery().region() != null) {
            filter.region(properties.discovery().region());
        }
        return new Instances(client, filter);
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.springframework.http.client.ClientHttpRequestInterceptor")
    static class Discovery {
        @Bean
        @Lazy
        @ConditionalOnMissingBean
        InstanceInterceptor peegeeqInstanceInterceptor(Instances instances, PeeGeeQServiceManagerProperties properties) {
            return new InstanceInterceptor(instances, properties.discovery().host(), properties.timeout());
        }
    }
}
