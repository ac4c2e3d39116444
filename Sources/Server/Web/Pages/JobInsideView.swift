// A job's stages and its batches at OpenAI, for its page and for the events that update the page. A value.
import Engine

struct JobInsideView {
    /// Progress of one stage.
    struct Stage: Equatable {
        let name: String
        let title: String
        let done: Int
        let failed: Int
        /// Lots that will reach this stage, as far as is known.
        let total: Int
    }

    /// Stages whose rows are counted. The job's row has the counts of the last stage, from the same transaction.
    static let countedStages = ["images", "vision", "translation"]

    let stages: [Stage]
    let batches: [BatchView]

    init(_ job: JobView, stages counts: [StageCount], batches: [BatchView]) {
        self.batches = batches
        let isTranslated = !JobRecord.translated(job.languages).isEmpty
        var stages: [Stage] = []
        // A lot that failed in a stage does not reach the next one.
        var total = job.totalLots
        for (name, title) in [
            ("images", "Images checked"), ("vision", "Damage described"), ("translation", "Translated"),
        ] where name != "translation" || isTranslated {
            let count = counts.first { $0.stage == name }
            stages.append(
                Stage(name: name, title: title, done: count?.done ?? 0, failed: count?.failed ?? 0, total: total))
            total -= count?.failed ?? 0
        }
        stages.append(
            Stage(
                name: "final", title: "Finished", done: job.processedLots, failed: job.failedLots,
                total: job.totalLots))
        self.stages = stages
    }

    var reply: JSONValue {
        .object([
            (
                "stages",
                .array(
                    stages.map { stage in
                        [
                            "name": .string(stage.name), "done": .int(stage.done), "failed": .int(stage.failed),
                            "total": .int(stage.total),
                        ]
                    })
            ),
            ("batches", .array(batches.map { .array($0.cells.map { .string($0) }) })),
        ])
    }

    /// Writes each stage with its progress bar.
    func writeStages(to html: inout HTML) {
        html.element("ul", ["class": "stages"]) { html in
            for stage in stages {
                html.element("li", ["data-stage": stage.name]) { html in
                    html.element("span", ["id": "stage-\(stage.name)"], stage.title)
                    html.element(
                        "progress",
                        [
                            "max": String(max(1, stage.total)), "value": String(stage.done),
                            "aria-labelledby": "stage-\(stage.name)",
                        ], "")
                    html.element("span", ["class": "counts"], stage.text)
                }
            }
        }
    }

    static let batchColumns = ["Batch", "Lots", "State", "At OpenAI", "Model", "File", "Started", "Error"]

    func writeBatches(to html: inout HTML) {
        html.table("Batches at OpenAI", isTitled: true, JobInsideView.batchColumns) { html in
            for batch in batches {
                html.element("tr") { html in
                    for cell in batch.cells { html.element("td", cell) }
                }
            }
        }
    }
}

extension JobInsideView.Stage {
    /// site.js writes the same text.
    var text: String {
        "\(WebText.count(done)) of \(WebText.count(total))" + (failed == 0 ? "" : ", \(WebText.count(failed)) failed")
    }
}

extension BatchView {
    /// The batch's table row, as text.
    var cells: [String] {
        [
            "\(stage) \(sequence)" + (round > 1 ? ", round \(round)" : "") + (batchID.map { "\n" + $0 } ?? ""),
            WebText.count(lots), state, providerStatus ?? "-", model, fileBytes > 0 ? WebText.bytes(fileBytes) : "-",
            WebText.time(createdAt), error ?? "",
        ]
    }
}
