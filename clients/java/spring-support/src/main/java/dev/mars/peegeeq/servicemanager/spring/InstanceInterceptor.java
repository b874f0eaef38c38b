package dev.mars.peegeeq.servicemanager.spring;

import dev.mars.peegeeq.servicemanager.client.Instances;
import dev.mars.peegeeq.servicemanager.client.model.Instance;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.support.HttpRequestWrapper;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;

/**
 * Sends requests for {@code http://peegeeq-instance/…} to an instance that is well, each in turn, straight and not through the manager.
 * Add it to a {@code RestClient} or {@code RestTemplate}.
 */
public final class InstanceInterceptor implements ClientHttpRequestInterceptor {
    private final Instances instances;
    private final String host;
    private final Duration patience;

    public InstanceInterceptor(Instances instances, String host, Duration patience) {
        this.instances = instances;
        this.host = host;
        this.patience = patience;
    }

    @Override
    public ClientHttpResponse intercept(HttpRequest request, byte[] body, ClientHttpRequestExecution execution) throws IOException {
        if (!host.equalsIgnoreCase(request.getURI().getHost())) {
            return execution.execute(request, body);
        }
        URI target = at(choose(), request.getURI());
        return execution.execute(new HttpRequestWrapper(request) {
            @Override
            public URI getURI() {
                return target;
            }
        }, body);
    }

    private Instance choose() throws IOException {
        try {
            if (!instances.await(patience)) {
                throw new IOException("the PeeGeeQ Service Manager did not say within " + patience.toMillis() + " ms which instances there are");
            }
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for the instances", error);
        }
        return instances.next().orElseThrow(() -> new IOException("no PeeGeeQ instance is healthy and serving"));
    }

    private static URI at(Instance instance, URI asked) {
        String query = asked.getRawQuery() == null ? "" : "?" + asked.getRawQuery();
        return URI.create(instance.baseUri() + asked.getRawPath() + query);
    }
}
