// The picture in the browser's tab: a car. Constant.

enum SiteIcon {
    static let reply = StaticReply("image/svg+xml", Array(text.utf8))

    private static let text = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
        <rect width="32" height="32" rx="6" fill="#0b57d0"/>
        <path d="M3 22v-4l4-2 4-5h9l5 5 4 2v4h-3a3 3 0 0 0-6 0h-8a3 3 0 0 0-6 0z" fill="#fff"/>
        <circle cx="9" cy="23" r="2" fill="#fff"/>
        <circle cx="23" cy="23" r="2" fill="#fff"/>
        </svg>
        """
}
