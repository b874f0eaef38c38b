package dev.mars.peegeeq.servicemanager.client;

import dev.mars.peegeeq.servicemanager.client.model.Instance;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.time.Duration;

/** The instances as they are now, kept true by live updates: picking one costs no request. What was last known stays while the manager is away. */
public final class Instances implements AutoCloseable {
    private final Map<String, Instance> rows = new ConcurrentHashMap<>();
    private final CountDownLatch first = new CountDownLatch(1);
    private final AtomicLong turn = new AtomicLong();
    private final Subscription subscription;

    public Instances(PeeGeeQServiceManagerClient client, InstanceFilter filter) {
        this.subscription = client.subscribeToUpdates(this::take, filter, null);
    }

    private void take(Update update) {
        switch (update.type()) {
            case "snapshot" -> {
                List<Instance> all = update.instances();
                all.forEach(row -> rows.put(row.instanceId(), row));
                rows.keySet().retainAll(all.stream().map(Instance::instanceId).toList());
                first.countDown();
            }
            case "change" -> update.instance().ifPresentOrElse(row -> rows.put(row.instanceId(), row), () -> rows.remove(update.instanceId()));
            default -> { }
        }
    }

    /** Whether the instances became known within this time. */
    public boolean await(Duration limit) throws InterruptedException {
        return first.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    public List<Instance> all() {
        return rows.values().stream().sorted(Comparator.comparing(Instance::instanceId)).toList();
    }

    /** A healthy instance that serves, each in turn; empty when there is none. */
    public Optional<Instance> next() {
        List<Instance> fit = all().stream().filter(row -> row.healthy() && "serving".equals(row.presence())).toList();
        return fit.isEmpty() ? Optional.empty() : Optional.of(fit.get((int) Math.floorMod(turn.getAndIncrement(), (long) fit.size())));
    }

    @Override
    public void close() {
        subscription.close();
    }
}
