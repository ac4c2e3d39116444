// Input tokens of an image, by the provider's published rules. Pure.

/// How a family of models counts an image.
public enum ImageTokens: Sendable, Equatable {
    /// Squares of 32 pixels, each of `factor` tokens. The image is reduced until it has at most `high` squares, or
    /// `original` squares with that detail; gpt-5.5 and later refuse a larger image instead. nil: the models do not
    /// know `original`.
    case patches(factor: Double, high: Int, original: Int?)
    /// Squares of 512 pixels of the image reduced to a short side of 768, and a fixed part.
    case tiles(base: Int, tile: Int)

    /// For models of an unknown family: not less than a present model counts for a photograph.
    static let unknown = ImageTokens.patches(factor: 1.6, high: 2500, original: 30_000)

    /// Longest side of an image in detail `high`, pixels.
    private static let longSideMax = 2048.0
    private static let patch = 32.0
    private static let tileSide = 512.0
    private static let tiledShortSide = 768.0

    /// Returns the detail to send; models that do not know `original` get `high`.
    func detail(_ wish: ImageDetail) -> ImageDetail {
        switch (self, wish) {
        case (.patches(_, _, nil), .original), (.tiles, .original): .high
        case (_, .low), (_, .high), (.patches, .original): wish
        }
    }

    /// Most tokens of an image of any size.
    public func most(_ wish: ImageDetail) -> Int {
        switch (self, detail(wish)) {
        case (.patches(let factor, let high, _), .high): tokens(high, factor)
        case (.patches(let factor, let high, let original), .original): tokens(original ?? high, factor)
        case (.patches, .low), (.tiles, .low): count(width: 4000, height: 4000, .low)
        // An image of 2048 x 768 has eight tiles.
        case (.tiles(let base, let tile), .high), (.tiles(let base, let tile), .original): base + 8 * tile
        }
    }

    /// Tokens of an image of `width` x `height` pixels.
    public func count(width: Int, height: Int, _ wish: ImageDetail) -> Int {
        let size = (width: Double(width), height: Double(height))
        switch (self, detail(wish)) {
        // The model sees a copy of 512 pixels. The price on models that count patches is not published.
        case (.patches(let factor, _, _), .low):
            return tokens(patches(Self.fit(size, into: Self.tileSide)), factor)
        case (.patches(let factor, let high, _), .high):
            return tokens(reduced(Self.fit(size, into: Self.longSideMax), to: high), factor)
        case (.patches(let factor, let high, let original), .original):
            return tokens(reduced(size, to: original ?? high), factor)
        case (.tiles(let base, _), .low): return base
        case (.tiles(let base, let tile), .high), (.tiles(let base, let tile), .original):
            let inside = Self.fit(size, into: Self.longSideMax)
            let factor = min(1, Self.tiledShortSide / min(inside.width, inside.height))
            return base + tile * Self.squares(inside.width * factor, inside.height * factor, Self.tileSide)
        }
    }

    private func tokens(_ patches: Int, _ factor: Double) -> Int { Int((Double(patches) * factor).rounded()) }

    private func patches(_ size: (width: Double, height: Double)) -> Int {
        Self.squares(size.width, size.height, Self.patch)
    }

    /// Squares of an image that is reduced, with its sides in proportion, until one side is whole squares and at most
    /// `most` squares remain.
    private func reduced(_ size: (width: Double, height: Double), to most: Int) -> Int {
        let whole = patches(size)
        guard whole > most else { return whole }
        let shrink = (Double(most) * Self.patch * Self.patch / (size.width * size.height)).squareRoot()
        let (columns, rows) = (size.width * shrink / Self.patch, size.height * shrink / Self.patch)
        let fit = min(columns.rounded(.down) / columns, rows.rounded(.down) / rows)
        return min(most, patches((size.width * shrink * fit, size.height * shrink * fit)))
    }

    private static func fit(
        _ size: (width: Double, height: Double), into side: Double
    ) -> (width: Double, height: Double) {
        let factor = min(1, side / max(size.width, size.height))
        return (size.width * factor, size.height * factor)
    }

    /// A rounding error must not add a row of squares.
    private static func squares(_ width: Double, _ height: Double, _ side: Double) -> Int {
        Int((width / side - 1e-6).rounded(.up)) * Int((height / side - 1e-6).rounded(.up))
    }
}
