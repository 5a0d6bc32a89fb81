package ui

// AssetNames are our own files that browsers may ask for.
func AssetNames() ([]string, error) {
	assets, err := loadAssets()
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range assets.files {
		names = append(names, name)
	}
	return names, nil
}
