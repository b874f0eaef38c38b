package dev.mars.peegeeq.servicemanager.client;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mars.peegeeq.servicemanager.client.model.ErrorDetail;

import java.util.ArrayList;
import java.util.List;

/** A call that gave no answer that can be used. Its message is a sentence for people. */
public final class ServiceManagerException extends RuntimeException {
    /** What kind of failure. */
    public enum Kind {
        /** The manager said no. */
        REFUSED,
        /** No answer in time. */
        TIMEOUT,
        /** No connection, or it broke. */
        UNREACHABLE,
        /** An answer that is not the manager's. */
        UNREADABLE
    }

    private final Kind kind;
    private final int status;
    private final transient JsonNode body;
    private final long retryAfterSeconds;
    private final boolean outcomeUnknown;

    ServiceManagerException(Kind kind, String message, Throwable cause, boolean outcomeUnknown) {
        super(message, cause);
        this.kind = kind;
        this.status = 0;
        this.body = null;
        this.retryAfterSeconds = -1;
        this.outcomeUnknown = outcomeUnknown;
    }

    ServiceManagerException(int status, JsonNode body, long retryAfterSeconds) {
        super("HTTP " + status + ": " + (said(body) == null ? "no reason given" : said(body)));
        this.kind = said(body) == null ? Kind.UNREADABLE : Kind.REFUSED;
        this.status = status;
        this.body = body;
        this.retryAfterSeconds = retryAfterSeconds;
        this.outcomeUnknown = body != null && "unknown".equals(body.path("outcome").asText());
    }

    private static String said(JsonNode body) {
        return body != null && body.path("error").isTextual() ? body.path("error").asText() : null;
    }

    public Kind kind() {
        return kind;
    }

    /** Status code; 0 without an answer. */
    public int status() {
        return status;
    }

    /** Field by field, when several things are wrong with a request. */
    public List<ErrorDetail> details() {
        List<ErrorDetail> details = new ArrayList<>();
        if (body != null) {
            body.path("details").forEach(one -> details.add(new ErrorDetail(one.path("field").asText(null), one.path("message").asText(one.asText()))));
        }
        return List.copyOf(details);
    }

    /** Finds the request in the manager's log; null without an answer of the manager. */
    public String requestId() {
        return body == null ? null : body.path("requestId").asText(null);
    }

    /** Seconds after which another try makes sense; -1 when nothing was said. */
    public long retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /** Whether the request may have been acted on although it failed. */
    public boolean isOutcomeUnknown() {
        return outcomeUnknown;
    }

    /** A number beside the sentence: some refusals carry more than the envelope. */
    public Integer number(String field) {
        return body == null || !body.path(field).isNumber() ? null : body.path(field).asInt();
    }
}
