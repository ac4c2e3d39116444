// Whose fault a failed call is. Values; any thread.

/// The cause of a failed call. ``FaultTable`` finds it, and each decision about what to do next reads it.
public enum ProviderFault: Hashable, Sendable {
    /// The lot itself: its content, its size, or the model's answer to it.
    case lot
    /// One picture of the request. `part` is its index among the message's content parts if the error names one; see
    /// ``ResponsesBody/firstPicturePart``.
    case picture(part: Int?)
    /// The pictures together: too many or too large. `atMost` is the number that is allowed if the error names it.
    case pictures(atMost: Int?)
    /// The form of the request. Every line of the stage would meet the same refusal.
    case form
    /// The model is gone, or not available to this key. The next model of the list may work.
    case model
    /// The account: key, permissions, money, country. Every request fails until the operator acts.
    case account
    /// A passing trouble of the provider, in its own words.
    case service
    /// A gateway, a proxy or the network. The provider itself has said nothing.
    case between

    /// The same request may succeed later, and the lot has done nothing wrong.
    public var isPassing: Bool {
        switch self {
        case .service, .between: true
        case .lot, .picture, .pictures, .form, .model, .account: false
        }
    }

    /// A request without some of the pictures may succeed.
    public var isOfPictures: Bool {
        switch self {
        case .picture, .pictures: true
        case .lot, .form, .model, .account, .service, .between: false
        }
    }
}

/// The meaning of a row of ``FaultTable``: the fault, and the details that decide how it is treated.
enum FaultMeaning: Hashable, Sendable {
    /// The lot's own fault for certain: no other lot is refused for it.
    case lot
    /// Most likely the lot's fault, but no code says so: other lots are asked for before the stage goes on.
    case unexplained
    /// The request is larger than the account's limit per minute, so no wait helps. A batch has other limits.
    case oversized
    case picture
    /// A picture that the provider could not load, or that it sees differently from this service. Sending it inline
    /// may help.
    case download
    case pictures
    case form
    case model
    case account
    /// The account has no money left.
    case quota
    /// Too many requests for now.
    case rate
    case service
    case between
}
