// Tokens, as the provider bills them. A value; any thread.

/// Tokens used by an answer, or by several (C5.9).
public struct Usage: Hashable, Sendable {
    public var input: Int
    public var output: Int
    /// Those of ``input`` that came from the provider's cache, at a tenth of the price or so.
    public var cached: Int
    /// Those of ``input`` that were written to the provider's cache, at 1.25 times the price.
    public var cacheWritten: Int
    /// Those of ``output`` that the model thought with.
    public var reasoning: Int

    public init(input: Int, output: Int, cached: Int = 0, cacheWritten: Int = 0, reasoning: Int = 0) {
        self.input = input
        self.output = output
        self.cached = cached
        self.cacheWritten = cacheWritten
        self.reasoning = reasoning
    }

    public static let zero = Usage(input: 0, output: 0)
    public static func + (a: Usage, b: Usage) -> Usage {
        Usage(
            input: a.input + b.input, output: a.output + b.output, cached: a.cached + b.cached,
            cacheWritten: a.cacheWritten + b.cacheWritten, reasoning: a.reasoning + b.reasoning)
    }
    public static func += (a: inout Usage, b: Usage) { a = a + b }
}
