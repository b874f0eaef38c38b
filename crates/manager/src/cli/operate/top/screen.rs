//! What `top` draws.

use std::fmt::Write;

use peegeeq_service_manager_client::models::Status;
use peegeeq_service_manager_client::models::federation::GroupedQueues;
use peegeeq_service_manager_client::models::instances::{Instance, InstanceList};

use super::Shot;
use crate::cli::operate::federation::sum;
use crate::cli::operate::instances;
use crate::cli::operate::output::{Cell, Screen, Table, Tone, cell, lines, number, rate, text, truncated};

/// Lines that are neither instances nor queues: two heads, two empty lines, two heads of tables.
const OTHER_LINES: usize = 7;

/// Draws a shot on `rows` lines, or on as many as it takes.
pub(super) fn draw(shot: &Shot, screen: &Screen, rows: Option<usize>, help: Option<&str>) -> String {
    let room = rows.map(|rows| rows.saturating_sub(OTHER_LINES + 1).max(4));
    // Instances get two thirds, as long as there are so many.
    let count = shot.list.as_ref().map_or(0, |list| list.instances.len());
    let for_instances = room.map(|room| count.min(room - room / 3));
    let for_queues = room.zip(for_instances).map(|(room, taken)| room - taken);
    let mut out = head(shot, screen, help);
    match &shot.list {
        Ok(list) => out.push_str(&instance_rows(list, screen, for_instances)),
        Err(failure) => out.push_str(&first_line(&failure.text, screen)),
    }
    out.push('\n');
    match &shot.queues {
        Ok(queues) => out.push_str(&queue_rows(queues, screen, for_queues)),
        Err(failure) => out.push_str(&first_line(&failure.text, screen)),
    }
    out
}

fn head(shot: &Shot, screen: &Screen, help: Option<&str>) -> String {
    let manager = match &shot.health {
        Ok(health) => format!("{}, Consul {}", health.status, health.consul),
        Err(_) => "no answer".to_owned(),
    };
    let tone = if shot.health.is_ok() { Tone::Good } else { Tone::Bad };
    let help = help.map(|help| format!("   {help}")).unwrap_or_default();
    let line = format!("PeeGeeQ at {}: {manager}{help}", shot.server);
    let mut out = tone.paint(&fitted(&line, screen), screen.has_color) + "\n";
    let states = shot.list.as_ref().map(|list| states(&list.instances)).unwrap_or_default();
    let sums = shot.overview.as_ref().ok().map(|overview| {
        let data = &overview.aggregated_data;
        let missing = if overview.envelope.complete == Some(false) { " (incomplete)" } else { "" };
        format!("; {}, {}{missing}", sum(data.total_messages, "message"), sum(data.total_consumers, "consumer"))
    });
    let _ = writeln!(out, "{}\n", fitted(&format!("{states}{}", sums.unwrap_or_default()), screen));
    out
}

fn states(instances: &[Instance]) -> String {
    let words = [Status::Healthy, Status::Unhealthy, Status::Unknown, Status::Starting, Status::Stopping];
    let counts = words.iter().map(|word| (word, instances.iter().filter(|instance| instance.status == *word).count()));
    let told: Vec<String> = counts.filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    format!("{} instances: {}", instances.len(), told.join(", "))
}

/// The worst first: what is well needs no eyes.
fn instance_rows(list: &InstanceList, screen: &Screen, most: Option<usize>) -> String {
    let mut sorted = list.instances.clone();
    sorted.sort_by_key(|instance| (instance.healthy, instance.instance_id.clone()));
    let shown = most.unwrap_or(sorted.len()).min(sorted.len());
    instances::rows(&sorted[..shown], &list.timestamp, screen)
}

/// The fullest first.
fn queue_rows(queues: &GroupedQueues, screen: &Screen, most: Option<usize>) -> String {
    let mut table =
        Table::new(&[text("QUEUE", 0), number("MESSAGES", 0), number("CONSUMERS", 1), number("RATE/S", 2), number("INSTANCES", 2)]);
    let mut sorted: Vec<_> = queues.queues.iter().collect();
    sorted.sort_by_key(|queue| (std::cmp::Reverse(queue.total_messages), &queue.queue_name));
    for queue in sorted.into_iter().take(most.unwrap_or(usize::MAX)) {
        let without = queue.total_consumers == Some(0) && queue.total_messages.is_some_and(|messages| messages > 0);
        let name = Cell::toned(&*queue.queue_name, if without { Tone::Warn } else { Tone::Plain });
        let cells = [name, queue.total_messages.into(), queue.total_consumers.into(), rate(queue.average_processing_rate)];
        table.row(cells.into_iter().chain([cell(queue.instances.len())]));
    }
    table.render(screen)
}

fn first_line(text: &str, screen: &Screen) -> String {
    fitted(text.lines().next().unwrap_or_default(), screen) + "\n"
}

fn fitted(text: &str, screen: &Screen) -> String {
    let text = lines(text);
    screen.width.map_or(text.clone(), |width| truncated(&text, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::operate::failure::Failure;
    use peegeeq_service_manager_client::models::federation::NamedQueue;
    use unicode_width::UnicodeWidthStr;

    fn shot(instances: usize, queues: usize) -> Shot {
        let instance = |number: usize| Instance {
            instance_id: format!("peegeeq-with-a-long-name-{number:03}"),
            host: "instance.of.a.long.name.example.com".into(),
            port: 8080,
            status: if number == 3 { Status::Unhealthy } else { Status::Healthy },
            healthy: number != 3,
            status_reason: (number == 3).then(|| "connection refused".repeat(4)),
            ..Instance::default()
        };
        let queue =
            |number: usize| NamedQueue { queue_name: format!("q{number}"), total_messages: Some(number as i64), ..NamedQueue::default() };
        Shot {
            server: "http://m".into(),
            health: Ok(Default::default()),
            list: Ok(InstanceList { instances: (0..instances).map(instance).collect(), ..InstanceList::default() }),
            overview: Ok(Default::default()),
            queues: Ok(GroupedQueues { queues: (0..queues).map(queue).collect(), ..GroupedQueues::default() }),
        }
    }

    #[test]
    fn it_fits_eighty_columns_and_the_rows_there_are() {
        let screen = Screen { width: Some(80), has_color: false };
        for (instances, queues, rows) in [(5, 3, 24), (500, 500, 24), (0, 0, 24), (500, 0, 10), (0, 500, 50)] {
            let text = draw(&shot(instances, queues), &screen, Some(rows), Some("q ends"));
            assert!(text.lines().count() < rows, "{instances} {queues} {rows}: {}\n{text}", text.lines().count());
            assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        }
    }

    #[test]
    fn the_worst_instance_and_the_fullest_queue_come_first() {
        let text = draw(&shot(50, 50), &Screen::default(), Some(24), None);
        let first = |head: &str| text.lines().skip_while(|line| !line.starts_with(head)).nth(1).unwrap_or_default().to_owned();
        assert!(first("INSTANCE").contains("unhealthy") && first("QUEUE").starts_with("q49"), "{text}");
    }

    #[test]
    fn a_manager_that_is_away_is_told() {
        let away = || Failure::new(5, "cannot reach it\nand more");
        let shot = Shot { health: Err(away()), list: Err(away()), overview: Err(away()), queues: Err(away()), ..shot(0, 0) };
        assert!(draw(&shot, &Screen::default(), Some(24), None).contains("no answer"));
    }
}
