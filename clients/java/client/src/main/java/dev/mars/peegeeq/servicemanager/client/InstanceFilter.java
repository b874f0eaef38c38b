package dev.mars.peegeeq.servicemanager.client;

import java.util.LinkedHashMap;
import java.util.Map;

/** Which instances are meant. What is not said lets everything through. */
public final class InstanceFilter {
    private final Map<String, String> said = new LinkedHashMap<>();

    public static InstanceFilter any() {
        return new InstanceFilter();
    }

    public InstanceFilter environment(String environment) {
        return with("environment", environment);
    }

    public InstanceFilter region(String region) {
        return with("region", region);
    }

    /** {@code healthy}, {@code unhealthy}, {@code unknown}, {@code starting} or {@code stopping}. */
    public InstanceFilter status(String status) {
        return with("status", status);
    }

    public InstanceFilter metadata(String key, String value) {
        return with("metadata." + key, value);
    }

    /** A field, with {@code -} before it from the other end. */
    public InstanceFilter sort(String field) {
        return with("sort", field);
    }

    /** A page, from 1, and its size. */
    public InstanceFilter page(int page, int size) {
        return with("page", String.valueOf(page)).with("pageSize", String.valueOf(size));
    }

    /** As the instances were at this time, ISO 8601. */
    public InstanceFilter at(String time) {
        return with("at", time);
    }

    private InstanceFilter with(String name, String value) {
        said.put(name, value);
        return this;
    }

    Map<String, String> said() {
        return said;
    }
}
