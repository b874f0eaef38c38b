package dev.mars.peegeeq.servicemanager.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mars.peegeeq.servicemanager.client.model.Instance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is told of a change. */
public final class Update {
    private final String type;
    private final String id;
    private final JsonNode data;
    private final ObjectMapper json;

    Update(String type, String id, JsonNode data, ObjectMapper json) {
        this.type = type;
        this.id = id;
        this.data = data;
        this.json = json;
    }

    /** {@code snapshot}, {@code change}, {@code journal}, {@code resync}, or what a newer manager tells. */
    public String type() {
        return type;
    }

    /** Where to go on from. */
    public String id() {
        return id;
    }

    /** The instance that it is about, by id; null where it is about none or many. */
    public String instanceId() {
        return data.path("instanceId").asText(null);
    }

    /** The instance as it is now; empty when it is gone, or the update is about none. */
    public Optional<Instance> instance() {
        return data.path("instance").isObject() ? Optional.of(json.convertValue(data.path("instance"), Instance.class)) : Optional.empty();
    }

    /** All instances, of a snapshot. */
    public List<Instance> instances() {
        List<Instance> rows = new ArrayList<>();
        data.path("instances").forEach(row -> rows.add(json.convertValue(row, Instance.class)));
        return rows;
    }

    /** Everything that was told. */
    @SuppressWarnings("unchecked")
    public Map<String, Object> data() {
        return json.convertValue(data, Map.class);
    }
}
