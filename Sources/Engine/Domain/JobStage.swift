// The stages of a job. Pure.

/// `current_stage` of the status reply (C5.3).
public enum JobStage: String, CaseIterable, Sendable {
    case queued
    case imagePrefetch = "image_prefetch"
    case visionAnalysis = "vision_analysis"
    case translation
    case finalizing
    case done
}

/// The two stages of work at the provider.
public enum WorkStage: String, CaseIterable, Sendable {
    case vision, translation
}
